"""A backup that was restored: the history is whole, and what was open goes on, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from infra.local import postgres
from tests.support.programs import output
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import SWAP, deployed

ORDER = SWAP | {"clientId": "kept"}
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'paper') ORDER BY 1, 2"


def run(program: str, *arguments: str) -> None:
    output(postgres.program(program), *arguments)


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, in some order that is always the same."""
    with psycopg.connect(url) as connection:
        names = [f"{schema}.{table}" for schema, table in connection.execute(TABLES).fetchall()]
        tables = {name: connection.execute(f"TABLE {name}".encode()).fetchall() for name in names}
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


@pytest.fixture
def restored_url(clean_url: str) -> Iterator[str]:
    """Return the URL of a database beside the other one, empty at first and gone afterwards."""
    with psycopg.connect(clean_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
        yield urlsplit(clean_url)._replace(path="/restored").geturl()
        connection.execute("DROP DATABASE restored WITH (FORCE)")


def test_a_restored_backup_is_the_history_and_what_was_open_goes_on(
    clean_url: str, restored_url: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "dexec.dump")
    with deployed(clean_url) as functions:
        functions.add_key(OWNER, "owner")
        ended = functions.place(OWNER, ORDER)
        functions.execute_all()
        opened = functions.place(OWNER, ORDER)
        run("pg_dump", "--format=custom", f"--file={file}", clean_url)
        functions.execute_all()
        told = functions.read(ended, OWNER)
    run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored_url}", file)

    with deployed(restored_url) as functions:
        assert functions.read(ended, OWNER) == told
        assert functions.read(opened, OWNER)["status"] == "pending"
        # Its message went with the old queue: the sweeper notices.
        functions.wait(60)
        assert functions.sweep()["requeued"] == 1
        functions.execute_all()
        assert functions.read(opened, OWNER)["status"] == "confirmed"


def test_a_backup_leaves_nothing_out(clean_url: str, restored_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "dexec.dump")
    with deployed(clean_url) as functions:
        functions.add_key(OWNER, "owner")
        connection, _ = functions.connect(OWNER, {"stream": "all"})
        functions.place(OWNER, ORDER)
        functions.execute_all()
        functions.place(OWNER, ORDER)
        assert functions.received(connection)
    run("pg_dump", "--format=custom", f"--file={file}", clean_url)
    run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored_url}", file)
    before = contents(clean_url)
    assert {name for name, rows in before.items() if rows} >= {
        "public.orders",
        "public.order_events",
        "public.api_keys",
        "public.migrations",
        "paper.wallets",
        "paper.entries",
        "paper.transactions",
    }
    assert contents(restored_url) == before
