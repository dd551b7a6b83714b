"""What the store does when its server is away, hangs, or lets a transaction lose."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dexec.adapters.postgres.connection import AnswerTimeout, BoundedConnection, connect
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.sources import from_url, without_pipelines
from dexec.adapters.postgres.statements import Statement
from dexec.domain.errors import CommitUnknown, StoreUnavailable
from tests.conftest import Connecting, Isolation
from tests.system.integration.stores import READING, WRITING, Opening, cut

KEY = {
    "client_id": "alice",
    "orders_per_minute": None,
    "max_amounts": None,
    "created_at": datetime.now(UTC),
    "revoked_at": None,
}


@pytest.fixture
def opened(connecting: Connecting) -> Opening:
    """Return what opens connections."""
    return Opening(lambda: connecting(Isolation.READ_COMMITTED))


@pytest.fixture
def database(opened: Opening) -> Iterator[Database]:
    """Return a database whose connection is open."""
    with closing(Database(opened)) as database:
        database.fetch(READING, Repeat.READ)
        yield database


@contextmanager
def frozen(connection: BoundedConnection) -> Iterator[None]:
    """Stop the server's end of a connection in its tracks."""
    pid = connection.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_one_connection_is_opened_when_it_is_needed(database: Database, opened: Opening) -> None:
    for _ in range(3):
        database.fetch(READING, Repeat.READ)
        database.transact([WRITING], [READING], Repeat.HARMLESS)
    assert len(opened) == 1


@pytest.mark.parametrize("repeat", [Repeat.READ, Repeat.HARMLESS])
def test_a_cut_connection_is_opened_anew(
    database: Database, opened: Opening, connecting: Connecting, repeat: Repeat
) -> None:
    cut(opened[-1], connecting)
    database.fetch(READING, repeat)
    cut(opened[-1], connecting)
    database.transact([WRITING], [READING], repeat)
    assert len(opened) == 3


def test_a_pipeline_is_one_write(clean_url: str) -> None:
    with relayed(clean_url) as (url, writes):
        database = Database(from_url(url))
        database.transact([WRITING], [READING], Repeat.NEVER)
        writes.clear()
        database.transact([WRITING], [READING, READING], Repeat.NEVER)
        assert len(writes) == 1
        assert writes[0].count(b"find_api_key") == 2
        assert b"SELECT" not in writes[0], "what is prepared is not sent again"
        database.close()


def test_without_pipelines_each_statement_is_a_write_of_its_own(clean_url: str) -> None:
    with relayed(clean_url) as (url, writes):
        database = Database(without_pipelines(from_url(url)))
        database.transact([WRITING], [READING], Repeat.NEVER)
        writes.clear()
        assert database.transact([WRITING], [READING, READING], Repeat.NEVER) == ([[]], [[], []])
        named = (b"begin", b"drop_orphaned_watchers", b"commit", b"find_api_key", b"find_api_key")
        assert len(writes) == len(named)
        assert all(name in write for name, write in zip(named, writes, strict=True))
        database.close()


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, list[bytes]]]:
    """Stand between a client and its server; give a URL, and what the client writes, write by write."""
    parts, writes = conninfo_to_dict(url), list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def relay() -> None:
            client, _ = listener.accept()
            with client, socket.create_connection((str(parts["host"]), int(str(parts["port"])))) as server:
                Thread(target=pump, args=(server, client), daemon=True).start()
                while read := client.recv(1 << 20):
                    writes.append(read)
                    server.sendall(read)

        thread = Thread(target=relay)
        thread.start()
        yield make_conninfo(url, port=listener.getsockname()[1]), writes
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while read := source.recv(1 << 20):
            sink.sendall(read)


def funding(amount: int) -> Statement:
    return Statement("paper_fund", {"owner": "alice", "mints": ["SOL"], "amounts": [amount]})


HOLDING = Statement("paper_balances", {"owner": "alice"})


def test_a_statement_that_failed_is_run_again(database: Database) -> None:
    """Its preparation stands, so that it is neither needed nor possible a second time."""
    for _ in range(2):
        with pytest.raises(psycopg.errors.CheckViolation):
            database.transact([funding(-1)], [], Repeat.NEVER)
    _, (held,) = database.transact([funding(7)], [HOLDING], Repeat.NEVER)
    assert [row["amount"] for row in held] == [7]


def test_nothing_of_a_transaction_that_failed_stays(database: Database) -> None:
    key = Statement("add_api_key", {**KEY, "key_hash": "h"})
    with pytest.raises(psycopg.errors.CheckViolation):
        database.transact([key, funding(-1), key], [READING], Repeat.NEVER)
    assert database.fetch(READING, Repeat.READ) == []


def test_a_migration_under_a_prepared_statement_is_not_noticed(
    database: Database, opened: Opening, connecting: Connecting
) -> None:
    database.transact([WRITING], [READING], Repeat.NEVER)
    with connecting(Isolation.READ_COMMITTED) as other:
        other.execute("ALTER TABLE api_keys ADD COLUMN added_meanwhile text")
        try:
            database.transact([WRITING], [READING], Repeat.NEVER)
        finally:
            other.execute("ALTER TABLE api_keys DROP COLUMN added_meanwhile")
    assert len(opened) == 2


def test_what_must_not_run_twice_is_unknown(
    database: Database, opened: Opening, connecting: Connecting
) -> None:
    cut(opened[-1], connecting)
    with pytest.raises(CommitUnknown):
        database.transact([WRITING], [], Repeat.NEVER)
    database.transact([WRITING], [], Repeat.NEVER)
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("repeat", "error"),
    [(Repeat.READ, StoreUnavailable), (Repeat.HARMLESS, CommitUnknown), (Repeat.NEVER, CommitUnknown)],
)
def test_a_server_that_does_not_come_back(
    connecting: Connecting, repeat: Repeat, error: type[Exception]
) -> None:
    connections: list[BoundedConnection] = []

    def once() -> BoundedConnection:
        if connections:
            raise psycopg.OperationalError("no listener")
        connections.append(connecting(Isolation.READ_COMMITTED))
        return connections[0]

    database = Database(once)
    database.fetch(READING, Repeat.READ)
    cut(connections[0], connecting)
    with pytest.raises(error):
        database.fetch(WRITING, repeat)
    with pytest.raises(StoreUnavailable):
        database.fetch(WRITING, repeat)


@pytest.mark.parametrize(
    ("repeat", "error"),
    [(Repeat.READ, StoreUnavailable), (Repeat.HARMLESS, CommitUnknown), (Repeat.NEVER, CommitUnknown)],
)
def test_a_server_that_hangs_is_given_up(
    database: Database, opened: Opening, repeat: Repeat, error: type[Exception]
) -> None:
    with frozen(opened[-1]), pytest.raises(error):
        database.transact([WRITING], [READING], repeat)
    assert len(opened) == 1, "a time-out is not tried again: its caller waits"
    assert opened[0].closed
    database.fetch(READING, Repeat.READ)


def test_a_server_that_hangs_outside_a_pipeline_is_given_up(database: Database, opened: Opening) -> None:
    opened[0].answer_timeout_s = 0.1
    with frozen(opened[0]), pytest.raises(AnswerTimeout):
        opened[0].execute("SELECT")
    assert opened[0].closed, "its late answer would be read as that of the next statement"


@pytest.mark.parametrize("listens", [True, False], ids=["says nothing", "no listener"])
def test_a_port_without_a_server(listens: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not listens:
            silent.close()
        database = Database(lambda: connect(f"postgresql://nobody@127.0.0.1:{port}/nothing"))
        with pytest.raises(StoreUnavailable):
            database.fetch(READING, Repeat.READ if listens else Repeat.NEVER)


def test_the_server_gives_up_what_its_client_gave_up(connecting: Connecting, clean_url: str) -> None:
    """A statement that waits for a lock must not be carried out when its client has long gone on."""
    database = Database(from_url(clean_url))
    with connecting(Isolation.READ_COMMITTED) as other:
        other.execute("INSERT INTO watchers VALUES ('ord', 'gone')")
        with other.transaction():
            other.execute("SELECT FROM watchers FOR UPDATE")
            with pytest.raises(StoreUnavailable):
                database.fetch(WRITING, Repeat.NEVER)
            with pytest.raises(StoreUnavailable):
                database.transact([WRITING], [READING], Repeat.NEVER)
        assert other.execute("SELECT count(*) FROM watchers").fetchone() == (1,)
    assert database.transact([WRITING], [READING], Repeat.NEVER) == ([[{"order_id": "ord"}]], [[]])
    database.close()
