"""Measures what waits: how much it is, and how old the newest tick is where something does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dexec.domain.waiting.ticks import shard_of
from dexec.ports import Clock, Waiting

COUNTED = 100_000
"""Orders that wait are counted up to here: to count a million takes longer than to find what is due."""

NEVER = timedelta(hours=1)
"""The age of the newest tick of a shard that never had one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How many orders rest, and the greatest age of a shard's newest tick; None where nothing waits."""

    waiting: int = 0
    tick_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class MeasureWaiting:
    """The use case."""

    waiting: Waiting
    clock: Clock
    shards: int

    def __call__(self) -> Measured:
        """Measure once."""
        shards = {shard_of(pair, self.shards) for pair in self.waiting.groups()}
        count = self.waiting.count(COUNTED)
        if not shards:
            return Measured(count)
        ticked_at, now = self.waiting.ticked_at(), self.clock.now()
        return Measured(count, max(now - ticked_at.get(shard, now - NEVER) for shard in shards))
