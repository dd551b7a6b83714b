"""Mutants of SQL, and what is reported of mutants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.lab.mutants import generate
from infra.lab.mutants.generate import Mutant
from infra.lab.mutants.plan import GROUPS
from infra.lab.mutants.report import Fate, known_survivors, report
from infra.lab.mutants.sql import mutations
from infra.local.home import PROJECT
from tests.support.programs import output

SQL = """\
-- WHERE this says = nothing
UPDATE orders SET a = %(a)s WHERE id = %(id)s
    AND (status = 'pending' OR n <= 3)
RETURNING id
"""


def test_every_condition_literal_and_comparison_of_a_statement_is_changed_by_itself() -> None:
    changed = [(line, text.splitlines()[line - 1].strip()) for line, text in mutations(SQL)]
    assert changed == [
        (2, "UPDATE orders SET a = %(a)s WHERE TRUE"),
        (2, "UPDATE orders SET a = %(a)s WHERE id <> %(id)s"),
        (3, "AND TRUE"),
        (3, "OR (status = 'pending' OR n <= 3)"),
        (3, "AND (status <> 'pending' OR n <= 3)"),
        (3, "AND (status = 'routing' OR n <= 3)"),
        (3, "AND (status = 'pending' OR TRUE)"),
        (3, "AND (status = 'pending' AND n <= 3)"),
        (3, "AND (status = 'pending' OR n < 3)"),
        (3, "AND (status = 'pending' OR n <= 4)"),
    ]


CODE = """\
def settle(held, needed):
    log.info("settling")
    check(held)
    return min(held, needed)
"""


def test_code_loses_its_calls_but_those_of_logs_and_swaps_least_and_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settle.py").write_text(CODE)
    monkeypatch.setattr(generate, "PROJECT", tmp_path)
    monkeypatch.setattr(generate, "_PYTHON", sys.executable)
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, '["settle.py", 4, 4, "("]\n')
    )
    assert [(one.line, one.change) for one in generate.mutants_of(["settle.py"])] == [
        (3, "- check(held) + pass"),
        (4, "- return min(held, needed) + return max(held, needed)"),
    ]


def test_figures_count_what_ran_and_survivors_without_a_reason_are_listed() -> None:
    fates = [Fate.KILLED, Fate.KILLED, Fate.SURVIVED, Fate.SURVIVED, Fate.NOT_RUN, Fate.INVALID]
    tried = [(Mutant("a.py", n, f"change {n}", ""), fate) for n, fate in enumerate(fates)]
    known = {("a.py", "change 2"): "equivalent", ("a.py", "change 1"): "not needed any more"}
    text, unknown = report(tried, known)
    lines = text.splitlines()
    assert lines[1].split() == ["a.py", "5", "2", "2", "1", "1", "50.0%"]
    assert lines[2].split() == ["all", "5", "2", "2", "1", "1", "50.0%"]
    assert unknown == 1
    assert "a.py:3: change 3" in lines
    assert lines[-1] == "a.py: change 1"


def test_mutants_of_a_statement_are_tried_on_postgresql() -> None:
    tests = "tests/contract/test_risk.py -k 'limits_are_kept and committed'"
    command = (sys.executable, "-m", "infra.lab.mutants", "sql/risk_limits.sql", "--tests", tests)
    figures = [line.split() for line in output(*command, cwd=PROJECT).splitlines() if line.startswith("all ")]
    assert figures == [["all", "4", "4", "0", "0", "0", "100.0%"]]


def test_a_survivor_with_a_reason_changes_lines_that_exist() -> None:
    for (file, change), reason in known_survivors().items():
        assert reason
        removed = change.partition(" + ")[0].removeprefix("- ")
        lines = [" ".join(line.split()) for line in (PROJECT / file).read_text(encoding="utf-8").splitlines()]
        assert removed.split(" - ")[0] in " ".join(lines), change


def test_the_plan_names_files_and_tests_that_exist() -> None:
    for group in GROUPS:
        assert all(any(PROJECT.glob(files)) for files in group.files)
        assert all((PROJECT / path).exists() for path in group.tests if path.startswith("tests/"))
