"""Named queries: each that the code names exists, each that exists is named, and how names become numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dexec.adapters.postgres import statements
from dexec.adapters.postgres.statements import Statement, compiled

ADAPTERS = Path(statements.__file__).parents[1]
QUERIES = {path.stem for path in (Path(statements.__file__).parent / "sql").glob("*.sql")}
HISTORY = {
    f"{page}{before}"
    for page in (
        "order_history",
        "order_history_open",
        "order_history_by_status",
        "order_history_open_by_status",
        "order_history_resting_by_status",
        "webhook_deliveries",
        "webhook_deliveries_by_state",
    )
    for before in ("", "_before")
}
"""Which of these is run is put together from what a client asks for."""


def calls() -> Iterator[ast.Call]:
    for path in ADAPTERS.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def named() -> set[str]:
    """The names that statements are made of, by whatever function makes them."""
    makers = {Statement.__name__, "_about"}
    firsts = (
        call.args[0]
        for call in calls()
        if isinstance(call.func, ast.Name) and call.func.id in makers and call.args
    )
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def test_every_query_that_is_named_exists_and_every_one_that_exists_is_named() -> None:
    assert named() | HISTORY == QUERIES


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_is_compiled_to_numbers_that_all_stand_for_a_name(name: str) -> None:
    code = compiled(name)
    assert b"%(" not in code.text
    assert not any(line.startswith(b"--") for line in code.text.splitlines())
    for number, parameter in enumerate(code.names, start=1):
        assert f"${number}".encode() in code.text, parameter
    assert f"${len(code.names) + 1}".encode() not in code.text


def test_a_name_that_comes_twice_is_one_number_and_an_array_keeps_its_type() -> None:
    code = compiled("sign_order")
    assert len(code.names) == len(set(code.names))
    assert dict(code.arrays)[code.names.index("event_seqs")] == "int"
