"""Mutants of SQL, and what is reported of mutants."""

from __future__ import annotations

from infra.lab.mutants.plan import GROUPS
from infra.lab.mutants.report import Fate, Mutant, report
from infra.lab.mutants.sql import mutations
from infra.local.home import PROJECT

SQL = """\
-- WHERE this says = nothing
UPDATE orders SET a = %(a)s WHERE id = %(id)s
    AND (status = 'pending' OR n <= 3)
RETURNING id
"""


def test_every_condition_literal_and_comparison_of_a_statement_is_changed_by_itself() -> None:
    changes = [(line, change) for line, change, _ in mutations(SQL)]
    assert changes == [
        (2, "WHERE id = %(id)s -> TRUE"),
        (2, "= -> <>"),
        (3, "AND (status = 'pending' OR n <= 3) -> TRUE"),
        (3, "= -> <>"),
        (3, "'pending' -> 'routing'"),
        (3, "OR n <= 3 -> TRUE"),
        (3, "<= -> <"),
        (3, "3 -> 4"),
    ]


def test_a_mutant_is_the_statement_with_one_change() -> None:
    (found,) = (text for _, change, text in mutations(SQL) if change.startswith("AND"))
    assert found == SQL.replace("(status = 'pending' OR n <= 3)", "TRUE")


def test_figures_count_what_ran_and_survivors_are_listed() -> None:
    fates = [Fate.KILLED, Fate.KILLED, Fate.KILLED, Fate.SURVIVED, Fate.NOT_RUN, Fate.INVALID]
    lines = report([Mutant("a.py", n, f"change {n}", fate) for n, fate in enumerate(fates)]).splitlines()
    assert lines[1].split() == ["a.py", "5", "3", "1", "1", "75.0%"]
    assert lines[2].split() == ["all", "5", "3", "1", "1", "75.0%"]
    assert lines[-2:] == ["1 survivors", "a.py:3: change 3"]


def test_the_plan_names_files_and_tests_that_exist() -> None:
    for group in GROUPS:
        assert all(any(PROJECT.glob(files)) for files in group.files)
        paths = [word for word in f"{group.quick} {group.thorough}".split() if word.startswith("tests/")]
        assert all((PROJECT / path).exists() for path in paths)
