"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dexec.adapters.postgres.bounded import BoundedConnection
from dexec.adapters.postgres.database import Database
from tests.conftest import Connecting, Isolation
from tests.contract.samples import trading_key
from tests.simulation.backend import Backend, PostgresAudit, in_memory, on_postgres


@pytest.fixture(params=["in memory", *Isolation])
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return a store with alice's and bob's keys: the fake, then PostgreSQL at each isolation level."""
    if request.param == "in memory":
        yield _with_keys(in_memory())
        return
    isolation = Isolation(request.param)
    connecting: Connecting = request.getfixturevalue("connecting")

    def connect() -> BoundedConnection:
        return connecting(isolation)

    database = Database(connect)
    with connect() as audit:
        yield _with_keys(on_postgres(database, PostgresAudit(audit)))
    database.close()


def _with_keys(store: Backend) -> Backend:
    for name in ("alice", "bob"):
        store.api_keys.add(trading_key(name))
    return store
