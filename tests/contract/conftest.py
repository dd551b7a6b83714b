"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dexec.adapters.postgres.bounded import BoundedConnection
from dexec.adapters.postgres.database import Database
from tests.collation import NAME as EN_US
from tests.conftest import Isolation, connect_at
from tests.simulation.backend import Backend, PostgresAudit, in_memory, on_postgres


@pytest.fixture(params=["in memory", *Isolation, EN_US])
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return an empty store: the fake, PostgreSQL at each isolation level, and with another collation."""
    if request.param == "in memory":
        yield in_memory()
        return
    is_en_us = request.param == EN_US
    isolation = Isolation.READ_COMMITTED if is_en_us else Isolation(request.param)
    url: str = request.getfixturevalue("clean_en_us_url" if is_en_us else "clean_url")

    def connect() -> BoundedConnection:
        return connect_at(url, isolation)

    database = Database(connect)
    with connect() as audit:
        yield on_postgres(database, PostgresAudit(audit))
    database.close()
