"""What every implementation of the ``Probe`` port does; the queue's is in ``test_queue.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from dexec.adapters.postgres.connection import connect
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.probe import PostgresProbe
from dexec.domain.errors import StoreUnavailable
from dexec.ports import Probe
from tests.support.fakes import FakeProbe


@pytest.fixture(params=["in memory", "postgresql"])
def up(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """Return a probe of a store that answers."""
    if request.param == "in memory":
        yield FakeProbe()
        return
    url: str = request.getfixturevalue("clean_url")
    with closing(Database(lambda: connect(url))) as database:
        yield PostgresProbe(database)


@pytest.fixture(params=["in memory", "postgresql"])
def down(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """Return a probe of a store that is away."""
    if request.param == "in memory":
        yield FakeProbe(StoreUnavailable("away"))
        return
    with closing(Database(lambda: connect("postgresql://127.0.0.1:1/nothing"))) as database:
        yield PostgresProbe(database)


def test_a_store_that_answers(up: Probe) -> None:
    up.probe()
    up.probe()


def test_a_store_that_is_away(down: Probe) -> None:
    with pytest.raises(StoreUnavailable):
        down.probe()
