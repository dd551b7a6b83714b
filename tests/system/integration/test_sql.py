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
    (1, "seq seen_seq attempt slot amount_in amount_out last_valid_block_height orders_per_minute rounds"),
    (1, "limit most_rows max_connections max_streams most sent_seq failures line_failures seen_failures"),
    (1, "before_seq answer shard entry_seq since"),
    (True, "minds_cancel parks limited queue_is_empty stream sets_rate sets_amounts signs"),
    (timedelta(seconds=1), "interval tolerance max_backlog"),
    (("a", "b"), "skipped connection_ids order_ids mints event_statuses event_steps event_details accounts"),
    (("a", "b"), "request_hashes parts groups ids tokens"),
    ((1, 2), "event_seqs event_attempts lines amounts keys slots numerators denominators"),
    ((START, START), "event_times times"),
    (b"bytes", "signed_tx"),
)
"""A value for each parameter that is no text."""

PARAMETERS = {name: value for value, names in _SAMPLES for name in names.split()}


def parameters(text: str) -> dict[str, object]:
    found = {name: PARAMETERS.get(name, "text") for name in re.findall(r"%\((\w+)\)", text)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_one_for_dsql(name: str) -> None:
    text = sql(name).decode()
    assert validate(text) is None
    assert ";" not in text
    # Aurora DSQL has jsonb at run time, for values that are cast to it: no column may be of that type.
    forbidden = r"(?i)\b(now\(\)|current_timestamp|clock_timestamp|for (update|share)|truncate)\b"
    assert not re.search(forbidden, text), "time is a parameter, and nothing rests on locks"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_can_be_planned(name: str, connecting: Connecting) -> None:
    text = sql(name).decode()
    with connecting(Isolation.REPEATABLE_READ) as connection:
        plan = connection.execute(f"EXPLAIN {text}".encode(), parameters(text)).fetchall()
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
