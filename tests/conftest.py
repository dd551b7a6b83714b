"""An embedded PostgreSQL for the tests that need one: a server a test process, gone at its end."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from dexec.adapters.postgres.connection import BoundedConnection, Connect, connect
from dexec.adapters.postgres.migrations import migrate
from dexec.adapters.postgres.sources import from_url
from infra.local import postgres
from infra.local.home import Home
from tests.support import dsql
from tests.support.collation import LOCALES, add_database
from tests.support.homes import new_home

PROOFS = Path(__file__).parent / "proofs"
BULK = (PROOFS / "property", PROOFS / "model")
"""Tests that run the same lines many thousand times, which counting the lines would make thrice as slow."""


def pytest_configure() -> None:
    """Let no property fail for the time that its examples take, which says how busy the machine is.

    And let what tests start be interrupted, also where a shell started the tests in the background.
    """
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    """A server of PostgreSQL: the URL of its database, and where it finds further locales."""

    home: Home
    port: int
    url: str
    locales: Path


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Return a server whose database is still empty."""
    with serving() as server:
        yield server


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server whose database is still empty."""
    with new_home() as home:
        started = postgres.start(home, port=0, durable=False, locales=LOCALES)
        try:
            yield Server(home, started.port, postgres.url(home, started.port), home.database / LOCALES)
        finally:
            postgres.stop(started)


@pytest.fixture(scope="session")
def database_url(server: Server) -> str:
    """Return the URL of a migrated database."""
    return migrated(server.url)


@pytest.fixture(scope="session")
def en_us_url(server: Server) -> str:
    """Return the URL of a migrated database that sorts text as en_US does."""
    name = add_database(server.url, server.locales)
    return migrated(urlsplit(server.url)._replace(path=name).geturl())


def migrated(url: str) -> str:
    migrate(from_url(url), datetime.now(UTC))
    return url


@pytest.fixture(scope="session")
def dsql_cluster(server: Server) -> Iterator[dsql.Cluster]:
    """Return a migrated cluster of Aurora DSQL, as the emulator's proxy plays it."""
    with dsql.cluster(server.home, server.port) as cluster:
        migrate(cluster.connect(admin=True), datetime.now(UTC), dsql=True)
        yield cluster


@pytest.fixture(scope="session")
def emptying() -> Iterator[Callable[[str], None]]:
    """Return what empties every table of a database but that of the migrations."""
    prepared: dict[str, tuple[psycopg.Connection[tuple[object, ...]], bytes]] = {}

    def empty(url: str) -> None:
        if url not in prepared:
            prepared[url] = connection, _ = psycopg.connect(url, autocommit=True), b""
            found = connection.execute(
                "SELECT schemaname || '.' || tablename FROM pg_tables "
                "WHERE schemaname IN ('public', 'paper') AND tablename <> 'migrations'"
            ).fetchall()
            # Deleting few rows beats TRUNCATE.
            prepared[url] = connection, "; ".join(f"DELETE FROM {name}" for (name,) in found).encode()
        connection, deletes = prepared[url]
        connection.execute(deletes)

    yield empty
    for connection, _ in prepared.values():
        connection.close()


@pytest.fixture
def clean_url(database_url: str, emptying: Callable[[str], None]) -> str:
    """Return the database's URL, with every table empty."""
    emptying(database_url)
    return database_url


@pytest.fixture
def clean_en_us_url(en_us_url: str, emptying: Callable[[str], None]) -> str:
    """Return the same of the database that sorts text as en_US does."""
    emptying(en_us_url)
    return en_us_url


@pytest.fixture
def connecting(clean_url: str) -> Connecting:
    """Return what opens connections at an isolation level to an empty database."""
    return partial(connect_at, clean_url)


@pytest.fixture
def connecting_to_dsql(dsql_cluster: dsql.Cluster, emptying: Callable[[str], None]) -> Connect:
    """Return what opens connections, as the functions do, to an empty cluster of Aurora DSQL."""
    emptying(dsql_cluster.backend_url)
    return dsql_cluster.connect()


def connect_at(url: str, isolation: Isolation) -> BoundedConnection:
    """Open a connection at an isolation level."""
    level = isolation.value.replace(" ", "\\ ")
    return connect(url, options=f"-c default_transaction_isolation={level}")


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
