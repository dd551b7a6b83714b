"""Retention: how old what is deleted has to be, and when deleting stops."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dexec.ports import Forgotten
from dexec.usecases.forget import Forget
from tests.support.fakes import START, FakeClock


class Batches:
    """The ``Archive`` port: deletes so many orders and events a batch, each of which takes a while."""

    def __init__(self, clock: FakeClock, *sizes: tuple[int, int]) -> None:
        self._clock = clock
        self._sizes = [*sizes]
        self.asked: list[datetime] = []

    def forget(self, ended_before: datetime) -> Forgotten:
        self.asked.append(ended_before)
        self._clock.advance(1)
        orders, events = self._sizes.pop(0)
        return Forgotten(orders, events)


@pytest.mark.parametrize(("seconds", "forgotten"), [(20, 10), (6, 10), (5, 7), (4, 7), (3, 0)])
def test_batch_after_batch_until_none_is_left_or_three_seconds_are(seconds: float, forgotten: int) -> None:
    clock = FakeClock()
    archive = Batches(clock, (7, 42), (0, 2_000), (3, 18), (0, 0))
    assert Forget(archive, clock, 30)(START + timedelta(seconds=seconds)) == forgotten
    assert set(archive.asked) <= {START - timedelta(days=30)}


def test_zero_days_keep_all() -> None:
    clock = FakeClock()
    archive = Batches(clock)
    assert Forget(archive, clock, 0)(START + timedelta(seconds=20)) == 0
    assert archive.asked == []
