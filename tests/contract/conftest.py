"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from dexec.adapters.postgres.connection import BoundedConnection, Connect
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.sources import without_pipelines
from tests.conftest import Isolation, Server, connect_at
from tests.contract.samples import trading_key
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, in_memory, on_postgres
from tests.support import dsql
from tests.support.collation import NAME as EN_US

HERE = Path(__file__).parent
DSQL = "Aurora DSQL"
NO_PIPELINES = "Aurora DSQL without pipelines"
IN_MEMORY = "in memory"
STORES = (IN_MEMORY, *Isolation, DSQL)
"""The stores that every suite runs on."""

ALSO_ON = {
    "test_api_keys": {EN_US},
    "test_control": {EN_US},
    "test_many_orders": {EN_US},
    "test_orders": {EN_US, NO_PIPELINES},
    "test_stored_tape": {EN_US},
    "test_waiting_orders": {EN_US},
    "test_watching": {NO_PIPELINES},
    "test_webhook_records": {EN_US, NO_PIPELINES},
    "test_webhooks": {EN_US},
}
"""Stores that differ from another one in a single respect, and the suites in which that can show.

Collation: where pages, lists or turns are ordered by text, or compared with it. Transport: without pipelines
every statement takes the same way through ``Pipeline``, so the suites are those of its cases: a write alone,
several writes and the reads after their commit, reads alone, and arrays.
"""
assert all((HERE / f"{module}.py").exists() for module in ALSO_ON)


def stores_of(module: str) -> list[str]:
    """Return the stores that the suite in ``module``, by its full name, runs on."""
    return [*STORES, *sorted(ALSO_ON.get(module.rpartition(".")[2], ()))]


class Connected(NamedTuple):
    """What the tests of a store talk to it over."""

    database: Database
    audit: BoundedConnection


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a ``store`` on every one that its suite is for."""
    if "store" in metafunc.fixturenames:
        metafunc.parametrize("store", stores_of(metafunc.module.__name__), indirect=True)


@contextmanager
def _kept() -> Iterator[dict[str, Connected]]:
    connections: dict[str, Connected] = {}
    yield connections
    for database, audit in connections.values():
        database.close()
        audit.close()


@pytest.fixture(scope="session")
def connected(server: Server) -> Iterator[dict[str, Connected]]:
    """Return the connections to each store, which its tests share: making them costs more than most tests."""
    with _kept() as connections:
        yield connections


@pytest.fixture(scope="session")
def connected_to_dsql(dsql_cluster: dsql.Cluster) -> Iterator[dict[str, Connected]]:
    """Return the same of Aurora DSQL, whose proxy waits half a minute for clients that do not leave."""
    with _kept() as connections:
        yield connections


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Backend:
    """Return a store with alice's and bob's keys: the fake, PostgreSQL in several ways, a played DSQL."""
    if request.param == IN_MEMORY:
        return _with_keys(in_memory())
    connect = connect_to(request)
    through_proxy = request.param in (DSQL, NO_PIPELINES)
    kept = request.getfixturevalue("connected_to_dsql" if through_proxy else "connected")
    connections = cast("dict[str, Connected]", kept)
    if request.param not in connections:
        connections[request.param] = Connected(Database(connect), connect())
    database, audit = connections[request.param]
    return _with_keys(on_postgres(database, PostgresAudit(audit)))


def _with_keys(store: Backend) -> Backend:
    for name in ("alice", "bob"):
        store.api_keys.add(trading_key(name))
    return store
