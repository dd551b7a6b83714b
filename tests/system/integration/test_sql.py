"""Every statement is one that Aurora DSQL takes, and one that PostgreSQL can plan."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from ministack.core.pgproxy import TxnState, validate  # type: ignore[import-untyped]
from psycopg import Connection

from dexec.adapters.postgres import database, migrations
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.statements import sql
from tests.conftest import Connecting, Isolation
from tests.support.fakes import START

STATEMENTS = sorted(path.stem for path in (Path(database.__file__).parent / "sql").glob("*.sql"))
MIGRATIONS = [
    statement
    for path in sorted((Path(migrations.__file__).parent / "migrations").glob("*.sql"))
    for statement in migrations.statements(path.read_text(encoding="utf-8"), dsql=True)
]

_SAMPLES: tuple[tuple[object, str], ...] = (
    (START, "now before due_before stale_before lease_until run_at created_at updated_at connected_at"),
    (START, "expires_at revoked_at lands_at seen_queued_at due_at queued_at"),
    (START, "failing_since rests_until disabled_at seen_disabled_at"),
    (START, "until start at"),
    (START.date(), "day"),
    (1, "seq seen_seq attempt slot amount_in amount_out last_valid_block_height orders_per_minute rounds"),
    (1, "limit most_rows max_connections max_streams most sent_seq failures line_failures seen_failures"),
    (1, "before_seq answer shard since after most_events most_open adds amount max_daily unit"),
    (True, "minds_cancel parks limited queue_is_empty stream sets_rate sets_amounts knocks restarts"),
    (timedelta(seconds=1), "interval tolerance max_backlog"),
    (b"bytes", "signed_tx"),
    ("{}", "request waiting"),
    (["a", "b"], "connection_ids skipped mints accounts tokens ids"),
    ([1, 2], "lines amounts slots numerators denominators"),
)
"""A value for each parameter that is no text; arrays are those whose type does not stand beside them."""

PARAMETERS = {name: value for value, names in _SAMPLES for name in names.split()}
ARRAYS: dict[str, list[object]] = {
    "text": ["a", "b"],
    "int": [1, 2],
    "bigint": [1, 2],
    "timestamptz": [START, START],
}


def parameters(text: str) -> dict[str, object]:
    """Return a value for each parameter; that of an array is of the type that stands beside it."""
    found = re.findall(r"%\((\w+)\)(?:s|b::(\w+)\[\])", text)
    return {name: ARRAYS[array] if array else PARAMETERS.get(name, "text") for name, array in found}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_one_for_dsql(name: str) -> None:
    text = sql(name).decode()
    assert validate(text) is None
    assert ";" not in text
    # Aurora DSQL has jsonb at run time, for values that are cast to it: no column may be of that type.
    forbidden = r"(?i)\b(now\(\)|current_timestamp|clock_timestamp|for (update|share)|truncate)\b"
    assert not re.search(forbidden, text), "time is a parameter, and nothing rests on locks"


@pytest.mark.parametrize("name", sorted({*STATEMENTS} - {"begin", "commit"}))
def test_a_statement_can_be_planned(name: str, connecting: Connecting) -> None:
    text = sql(name).decode()
    with connecting(Isolation.REPEATABLE_READ) as connection:
        escaped = re.sub(r"%(?!\()", "%%", text)
        plan = connection.execute(f"EXPLAIN {escaped}".encode(), parameters(text)).fetchall()
    assert plan


@pytest.mark.parametrize("statement", MIGRATIONS, ids=lambda text: " ".join(text.split()[:7]))
def test_a_migration_is_one_for_dsql(statement: str) -> None:
    answer = validate(statement, TxnState())
    assert answer is None or "ASYNC" in statement, answer
    forbidden = r"(?i)\b(references|serial|trigger|temp|temporary|jsonb)\b"
    assert not re.search(forbidden, statement)
    if "INDEX" in statement:
        made = r"CREATE (UNIQUE )?INDEX ASYNC IF NOT EXISTS|DROP INDEX IF EXISTS"
        assert re.match(made, statement)
        assert " WHERE " not in statement, "no partial indexes"


def test_migrating_again_changes_nothing(connecting: Connecting) -> None:
    def again() -> BoundedConnection:
        return connecting(Isolation.READ_COMMITTED)

    with again() as connection:
        assert migrations.migrate(again, START) == []
        before = schema(connection)
        connection.execute("DELETE FROM migrations")
        assert migrations.migrate(again, START) != []
        assert schema(connection) == before


def schema(connection: Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    columns = connection.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema IN ('public', 'paper') ORDER BY 1, 2, 3"
    ).fetchall()
    return columns + connection.execute("SELECT indexdef FROM pg_indexes ORDER BY 1").fetchall()
