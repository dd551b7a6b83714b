"""An embedded PostgreSQL for the tests that need one: a server a test process, gone at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from dexec.adapters.postgres.bounded import BoundedConnection, connect
from dexec.adapters.postgres.database import Connect
from dexec.adapters.postgres.migrations import migrate
from dexec.adapters.postgres.sources import from_url
from infra.local import postgres
from infra.local.home import Home
from tests import dsql
from tests.homes import new_home

BULK = (Path(__file__).parent / "property", Path(__file__).parent / "model")
"""Tests that run the same lines many thousand times, which counting the lines would make thrice as slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is run in bulk out of the coverage: other tests cover it, too."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in BULK):
            item.add_marker(pytest.mark.no_cover)


class Isolation(StrEnum):
    """The levels at which the store has to hold."""

    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"


Connecting = Callable[[Isolation], BoundedConnection]


class Server(NamedTuple):
    """A PostgreSQL server of the tests; ``url`` is that of its migrated database."""

    home: Home
    port: int
    url: str


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Return a server with a migrated database."""
    with new_home() as home:
        process = postgres.start(home, port=0, durable=False)
        try:
            url = postgres.url(home, process.port)
            migrate(from_url(url), datetime.now(UTC))
            yield Server(home, process.port, url)
        finally:
            postgres.stop(process)


@pytest.fixture(scope="session")
def database_url(server: Server) -> str:
    """Return the URL of a migrated database."""
    return server.url


@pytest.fixture(scope="session")
def dsql_cluster(server: Server) -> Iterator[dsql.Cluster]:
    """Return a migrated cluster of Aurora DSQL, as the emulator's proxy plays it."""
    with dsql.cluster(server.home, server.port) as cluster:
        migrate(cluster.connect(admin=True), datetime.now(UTC), dsql=True)
        yield cluster


@pytest.fixture(scope="session")
def emptying(database_url: str) -> Iterator[Callable[[], None]]:
    """Return what empties every table but that of the migrations; deleting few rows beats TRUNCATE."""
    with _emptying(database_url) as empty:
        yield empty


@pytest.fixture(scope="session")
def emptying_dsql(server: Server, dsql_cluster: dsql.Cluster) -> Iterator[Callable[[], None]]:
    """Return what empties the tables of the cluster."""
    assert dsql_cluster
    with _emptying(postgres.url(server.home, server.port, dsql.DATABASE)) as empty:
        yield empty


@contextmanager
def _emptying(url: str) -> Iterator[Callable[[], None]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables "
            "WHERE schemaname IN ('public', 'paper') AND tablename <> 'migrations'"
        ).fetchall()
        deletes = "; ".join(f"DELETE FROM {name}" for (name,) in found)

        def empty() -> None:
            connection.execute(deletes.encode())

        yield empty


@pytest.fixture
def clean_url(database_url: str, emptying: Callable[[], None]) -> str:
    """Return the database's URL, with every table empty."""
    emptying()
    return database_url


@pytest.fixture
def connecting(clean_url: str) -> Connecting:
    """Return what opens connections at an isolation level to an empty database."""

    def open_connection(isolation: Isolation) -> BoundedConnection:
        level = isolation.value.replace(" ", "\\ ")
        return connect(clean_url, options=f"-c default_transaction_isolation={level}")

    return open_connection


@pytest.fixture
def connecting_to_dsql(dsql_cluster: dsql.Cluster, emptying_dsql: Callable[[], None]) -> Connect:
    """Return what opens connections, as the functions do, to an empty cluster of Aurora DSQL."""
    emptying_dsql()
    return dsql_cluster.connect()


@pytest.fixture(params=list(Isolation))
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """Return each isolation level in turn."""
    assert isinstance(request.param, Isolation)
    return request.param


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many histories the tests of "exactly once" played, over all workers."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, count in getattr(report, "user_properties", ()):
            if name == "histories" and report.when == "call":
                counts[report.nodeid.split("/")[-1].split("::")[0]] += count
    if counts:
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        terminalreporter.write_line(f"exactly once: {counts.total():,} histories held ({parts})")
