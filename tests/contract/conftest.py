"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.sources import without_pipelines
from tests.conftest import Isolation, connect_at
from tests.contract.samples import trading_key
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, in_memory, on_postgres
from tests.support.collation import NAME as EN_US

HERE = Path(__file__).parent
DSQL = "Aurora DSQL"
NO_PIPELINES = "Aurora DSQL without pipelines"
IN_MEMORY = "in memory"
STORES = (IN_MEMORY, *Isolation, EN_US, DSQL, NO_PIPELINES)


BACK_ENDS = {"store", "opening", "stage", "up", "down", "account", "on_api_gateway"}
"""Fixtures that need a back end, unless they are parametrised to be in memory."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a back end: `make check` leaves it out."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(HERE):
            parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
            if IN_MEMORY not in parameters and BACK_ENDS & set(item.fixturenames):
                item.add_marker(pytest.mark.back_end)


def connect_to(request: pytest.FixtureRequest) -> Connect:
    """Return what opens connections to the store that the test was given, which is empty."""
    if request.param in (DSQL, NO_PIPELINES):
        dsql: Connect = request.getfixturevalue("connecting_to_dsql")
        return dsql if request.param == DSQL else without_pipelines(dsql)
    if request.param == EN_US:
        return partial(connect_at, request.getfixturevalue("clean_en_us_url"), Isolation.READ_COMMITTED)
    return partial(connect_at, request.getfixturevalue("clean_url"), Isolation(request.param))


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return a store with alice's and bob's keys: the fake, PostgreSQL in several ways, a played DSQL."""
    if request.param == IN_MEMORY:
        yield _with_keys(in_memory())
        return
    connect = connect_to(request)
    database = Database(connect)
    with connect() as audit:
        yield _with_keys(on_postgres(database, PostgresAudit(audit)))
    database.close()


def _with_keys(store: Backend) -> Backend:
    for name in ("alice", "bob"):
        store.api_keys.add(trading_key(name))
    return store
