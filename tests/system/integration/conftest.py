"""The functions in this process, over a real store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.pipeline import Pipeline
from tests.system.edge.inprocess import Deployment, deployed

T = TypeVar("T")

KEY = "alice's key"


@pytest.fixture
def deployment(clean_url: str) -> Iterator[Deployment]:
    """Return every function over an empty database, and a client."""
    with deployed(clean_url, log_level="CRITICAL") as deployment:
        deployment.add_key(KEY, "alice")
        yield deployment


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """Count the round trips of each database, by the database's id."""
    trips: Counter[int] = Counter()
    run = Database._run

    def counted(self: Database, work: Callable[[Pipeline], T], repeat: Repeat) -> T:
        trips[id(self)] += 1
        return run(self, work, repeat)

    monkeypatch.setattr(Database, "_run", counted)
    return trips
