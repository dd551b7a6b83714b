"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dexec.adapters.postgres.database import Connect, Database
from tests.conftest import Connecting, Isolation
from tests.simulation.backend import Backend, PostgresAudit, in_memory, on_postgres

DSQL = "Aurora DSQL"
STORES = ("in memory", *Isolation, DSQL)


def connect_to(request: pytest.FixtureRequest) -> Connect:
    """Return what opens connections to the store that the test was given, which is empty."""
    if request.param == DSQL:
        dsql: Connect = request.getfixturevalue("connecting_to_dsql")
        return dsql
    isolation = Isolation(request.param)
    connecting: Connecting = request.getfixturevalue("connecting")
    return lambda: connecting(isolation)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return an empty store: the fake, PostgreSQL at each isolation level, then Aurora DSQL's emulation."""
    if request.param == "in memory":
        yield in_memory()
        return
    connect = connect_to(request)
    database = Database(connect)
    with connect() as audit:
        yield on_postgres(database, PostgresAudit(audit))
    database.close()
