"""What the contract tests run against: each adapter, and the fake that stands for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from dexec.adapters.postgres.database import Connect, Database
from tests.collation import NAME as EN_US
from tests.conftest import Isolation, connect_at
from tests.simulation.backend import Backend, PostgresAudit, in_memory, on_postgres

DSQL = "Aurora DSQL"
STORES = ("in memory", *Isolation, EN_US, DSQL)


def connect_to(request: pytest.FixtureRequest) -> Connect:
    """Return what opens connections to the store that the test was given, which is empty."""
    if request.param == DSQL:
        dsql: Connect = request.getfixturevalue("connecting_to_dsql")
        return dsql
    if request.param == EN_US:
        return partial(connect_at, request.getfixturevalue("clean_en_us_url"), Isolation.READ_COMMITTED)
    return partial(connect_at, request.getfixturevalue("clean_url"), Isolation(request.param))


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return an empty store: the fake, PostgreSQL at its levels and collations, an emulated Aurora DSQL."""
    if request.param == "in memory":
        yield in_memory()
        return
    connect = connect_to(request)
    database = Database(connect)
    with connect() as audit:
        yield on_postgres(database, PostgresAudit(audit))
    database.close()
