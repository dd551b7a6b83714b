"""A backup that was restored as docs/data.md says: the history is whole, and what was open goes on, once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from dexec.domain.halts import Stop
from infra.local import postgres
from infra.local.home import PROJECT
from tests.support.programs import output
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import SWAP, deployed

ORDER = SWAP | {"clientId": "kept"}
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'paper') ORDER BY 1, 2"


def documented(program: str, folder: Path, **urls: str) -> None:
    """Run the commands of docs/data.md around this program of PostgreSQL's, with the files in ``folder``."""
    page = (PROJECT / "docs/data.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if f"{program} " in block)
    # Where the local deployment's database is, is given here.
    commands = re.sub(r"^url=.*\n", "", block, flags=re.MULTILINE)
    path = f"{postgres.program(program).parent}:/usr/bin:/bin"
    output("bash", "-euo", "pipefail", "-c", commands, cwd=folder, env={"PATH": path, **urls})


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


def test_a_restored_backup_is_the_history_and_what_was_open_goes_on_after_resume(
    clean_url: str, restored_url: str, tmp_path: Path
) -> None:
    with deployed(clean_url) as functions:
        functions.add_key(OWNER, "owner")
        ended = functions.place(OWNER, ORDER)
        functions.execute_all()
        opened = functions.place(OWNER, ORDER)
        documented("pg_dump", tmp_path, url=clean_url)
        functions.execute_all()
        told = functions.read(ended, OWNER)
    # The second time it takes the place of what a deployment has stored.
    for _ in range(2):
        documented("pg_restore", tmp_path, another_url=restored_url)

    with deployed(restored_url) as functions:
        assert functions.read(ended, OWNER) == told
        assert functions.read(opened, OWNER)["status"] == "pending"
        # It was signed after the backup: nothing may be signed again before somebody has looked.
        functions.execute(opened)
        assert functions.read(opened, OWNER)["status"] == "pending"
        functions.parts.control.lift([*Stop], None)
        # Its message went with the old queue: the sweeper notices.
        functions.wait(60)
        assert functions.sweep()["requeued"] == 1
        functions.execute_all()
        assert functions.read(opened, OWNER)["status"] == "confirmed"


def test_a_backup_leaves_nothing_out(clean_url: str, restored_url: str, tmp_path: Path) -> None:
    with deployed(clean_url) as functions:
        functions.add_key(OWNER, "owner")
        connection, _ = functions.connect(OWNER, {"stream": "all"})
        functions.place(OWNER, ORDER)
        functions.execute_all()
        functions.place(OWNER, ORDER)
        assert functions.received(connection)
    documented("pg_dump", tmp_path, url=clean_url)
    documented("pg_restore", tmp_path, another_url=restored_url)
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
    restored = contents(restored_url)
    assert [row[0] for row in restored.pop("public.switches")] == ["paused"]
    assert before.pop("public.switches") == []
    assert restored == before
