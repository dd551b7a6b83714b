"""A pipeline that fails part of the way: what was committed is not written twice, what was not is repeated.

The reads fail for real: the table that they look at is shadowed by a view whose function raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from dexec.adapters.postgres.connection import BoundedConnection, connect
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.domain.errors import CommitUnknown, StoreConflict
from tests.conftest import Connecting, Isolation
from tests.system.integration.stores import CONNECTION, COUNTING, READING, RETRIES, WRITING, Opening, instant

REPEATS = pytest.mark.parametrize("repeat", [Repeat.HARMLESS, Repeat.NEVER])

SHADOW = """
CREATE SCHEMA shadow;
CREATE SEQUENCE shadow.reads;
CREATE FUNCTION shadow.read() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('shadow.reads') <= {times} THEN {what}; END IF;
    RETURN true;
END $$;
CREATE VIEW shadow.api_keys AS SELECT * FROM public.api_keys WHERE shadow.read();
INSERT INTO public.api_keys (key_hash, client_id, created_at) VALUES ('h', 'alice', now());
"""
REFUSE = """
CREATE SCHEMA shadow;
CREATE SEQUENCE shadow.commits;
CREATE FUNCTION shadow.commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('shadow.commits') <= {times} THEN RAISE EXCEPTION 'injected' USING ERRCODE = '{state}'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refused AFTER UPDATE ON public.connections DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION shadow.commit();
"""
"""Has commits refused, as Aurora DSQL refuses those of transactions that another one overtook."""

LOSES = "RAISE EXCEPTION 'injected' USING ERRCODE = '40001'"
IS_STALE = "RAISE EXCEPTION 'injected' USING ERRCODE = '0A000'"
HANGS = "PERFORM pg_sleep(30)"
ENDS = "PERFORM pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def other(connecting: Connecting) -> Iterator[BoundedConnection]:
    """Return a connection past the store, to a database with one WebSocket connection in it."""
    with connecting(Isolation.READ_COMMITTED) as connection:
        connection.execute(CONNECTION)
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS shadow CASCADE")


@pytest.fixture(params=[True, False], ids=["pipelines", "no pipelines"])
def opened(request: pytest.FixtureRequest, clean_url: str) -> Opening:
    """Return what opens connections that see what shadows a table."""

    def open_connection() -> BoundedConnection:
        connection = connect(clean_url, options="-c search_path=shadow,public")
        connection.has_pipelines = request.param
        return connection

    return Opening(open_connection)


@pytest.fixture
def database(opened: Opening) -> Iterator[Database]:
    """Return a database over them."""
    backoff, _ = instant()
    with closing(Database(opened, backoff=backoff)) as database:
        yield database


def shadow(other: BoundedConnection, what: str, times: int = 1) -> None:
    """Have the next reads of the API keys go wrong."""
    other.execute(SHADOW.format(what=what, times=times).encode())


def writes(other: BoundedConnection) -> object:
    found = other.execute("SELECT push_failures FROM connections").fetchone()
    return found and found[0]


@REPEATS
@pytest.mark.parametrize("what", [LOSES, IS_STALE, ENDS])
def test_reads_that_fail_after_the_commit_are_repeated_without_the_writes(
    database: Database, other: BoundedConnection, repeat: Repeat, what: str
) -> None:
    shadow(other, what)
    _, (found,) = database.transact([COUNTING], [READING], repeat)
    assert [row["client_id"] for row in found] == ["alice"]
    assert writes(other) == 1


def test_what_the_writes_returned_is_kept(database: Database, other: BoundedConnection) -> None:
    other.execute("INSERT INTO watchers VALUES ('ord', 'gone')")
    shadow(other, ENDS)
    ((), dropped), (found,) = database.transact([COUNTING, WRITING], [READING], Repeat.NEVER)
    assert dropped == [{"order_id": "ord"}]
    assert [row["client_id"] for row in found] == ["alice"]


@REPEATS
def test_reads_that_keep_losing_leave_the_writes_committed_once(
    database: Database, other: BoundedConnection, repeat: Repeat
) -> None:
    shadow(other, LOSES, times=1_000)
    with pytest.raises(CommitUnknown) as raised:
        database.transact([COUNTING], [READING], repeat)
    assert isinstance(raised.value.__cause__, StoreConflict)
    assert writes(other) == 1
    reads = other.execute("SELECT last_value FROM shadow.reads").fetchone()
    assert reads == (1 + RETRIES + 1,)


def test_reads_that_hang_after_the_commit_are_not_repeated(
    database: Database, other: BoundedConnection, opened: Opening
) -> None:
    database.transact([COUNTING], [], Repeat.NEVER)
    opened[0].limit_statements(0.2)
    shadow(other, HANGS, times=1_000)
    with pytest.raises(CommitUnknown):
        database.transact([COUNTING], [READING], Repeat.NEVER)
    assert writes(other) == 2
    assert other.execute("SELECT last_value FROM shadow.reads").fetchone() == (1,)


@REPEATS
def test_a_migration_under_the_reads_does_not_write_twice(
    database: Database, other: BoundedConnection, repeat: Repeat
) -> None:
    database.transact([COUNTING], [READING], repeat)
    other.execute("ALTER TABLE api_keys ADD COLUMN added_meanwhile text")
    try:
        database.transact([COUNTING], [READING], repeat)
    finally:
        other.execute("ALTER TABLE api_keys DROP COLUMN added_meanwhile")
    assert writes(other) == 2


@REPEATS
def test_a_migration_under_the_writes_rolls_them_back_and_writes_once(
    database: Database, other: BoundedConnection, repeat: Repeat
) -> None:
    claiming = {"id": "ord", "token": "t", "now": "2020-01-01T00:00:00Z"}
    stale = Statement("claim_order", {**claiming, "lease_until": "2020-01-01T00:00:25Z"})
    database.transact([COUNTING, stale], [READING], repeat)
    other.execute("ALTER TABLE orders ADD COLUMN added_meanwhile text")
    try:
        database.transact([COUNTING, stale], [READING], repeat)
    finally:
        other.execute("ALTER TABLE orders DROP COLUMN added_meanwhile")
    assert writes(other) == 2


@REPEATS
@pytest.mark.parametrize("state", ["40001", "OC000", "OC001"])
def test_a_commit_that_is_refused_is_repeated_with_its_writes(
    database: Database, other: BoundedConnection, repeat: Repeat, state: str
) -> None:
    other.execute(REFUSE.format(times=3, state=state).encode())
    database.fetch(COUNTING, repeat)
    assert writes(other) == 1
    assert other.execute("SELECT last_value FROM shadow.commits").fetchone() == (4,)


@REPEATS
def test_commits_that_are_refused_until_the_deadline_wrote_nothing(
    database: Database, other: BoundedConnection, repeat: Repeat
) -> None:
    other.execute(REFUSE.format(times=RETRIES + 1, state="OC000").encode())
    with pytest.raises(StoreConflict):
        database.transact([COUNTING], [READING], repeat)
    assert writes(other) == 0
    database.transact([COUNTING], [READING], repeat)
    assert writes(other) == 1
