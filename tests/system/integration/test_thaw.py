"""A Lambda environment that was frozen: its connections may be dead, and nothing told it."""

from __future__ import annotations

from contextlib import closing

import pytest

from dexec.adapters.postgres.database import Database, Repeat
from tests.conftest import Connecting, Isolation
from tests.system.integration.stores import READING, WRITING, Opening, cut

AGE_S = 3_000
IDLE_S = 300


class Wall:
    """The time, in seconds; the environment is frozen while it goes on."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    """Return a time that only tests move."""
    return Wall()


@pytest.mark.parametrize(
    ("frozen_s", "times", "connections"),
    [(IDLE_S, 9, 1), (IDLE_S + 1, 2, 3), (AGE_S + 1, 1, 2), (IDLE_S, 22, 3)],
    ids=["used often", "idle", "frozen for long", "old"],
)
def test_a_connection_is_replaced_before_its_use_when_it_was_idle_or_is_old(
    connecting: Connecting, wall: Wall, frozen_s: float, times: int, connections: int
) -> None:
    opened = Opening(lambda: connecting(Isolation.READ_COMMITTED))
    with closing(Database(opened, now=wall)) as database:
        database.fetch(READING, Repeat.READ)
        for _ in range(times):
            wall.seconds += frozen_s
            database.transact([WRITING], [READING], Repeat.NEVER)
        assert len(opened) == connections
        assert all(connection.closed for connection in opened[:-1])


def test_a_thawed_environment_whose_connection_is_dead_does_what_must_not_be_repeated(
    connecting: Connecting, wall: Wall
) -> None:
    opened = Opening(lambda: connecting(Isolation.READ_COMMITTED))
    with closing(Database(opened, now=wall)) as database:
        database.fetch(READING, Repeat.READ)
        cut(opened[0], connecting)
        wall.seconds = IDLE_S + 1
        assert database.transact([WRITING], [READING], Repeat.NEVER) == ([[]], [[]])
    assert len(opened) == 2
