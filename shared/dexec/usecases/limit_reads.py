"""Rate limit of reads: a token bucket per API key, in memory, without a call to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from dexec.domain.errors import TooManyReads
from dexec.ports import ApiKey, Clock

BURST_S = 60
"""A key that was silent may read as much at once as it may in this time."""

MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class LimitReads:
    """The use case: a token bucket for each key, as GCRA, in the memory of one process.

    Several processes of a function count apart, so the limit of a deployment is approximate: at most
    ``per_minute`` times as many as run. It bounds what a key costs, where the store counts nothing.
    """

    clock: Clock
    per_minute: int
    _full_at: dict[str, datetime] = field(default_factory=dict)
    """When the bucket of a key is full again: GCRA's theoretical arrival time."""

    def __call__(self, caller: ApiKey) -> None:
        """Count one read of a key; raise ``TooManyReads`` when there are too many.

        A key without a limit of orders has none here.
        """
        if caller.orders_per_minute == 0:
            return
        now = self.clock.now()
        last = max(self._full_at.get(caller.key_hash, now), now)
        full_at = last + timedelta(seconds=60 / self.per_minute)
        excess_s = (full_at - now).total_seconds() - BURST_S
        if excess_s > 0:
            message = f"this API key may read {self.per_minute} times a minute; ask again later"
            raise TooManyReads(message, ceil(excess_s))
        if len(self._full_at) >= MAX_REMEMBERED:
            self._forget_full(now)
        self._full_at[caller.key_hash] = full_at

    def _forget_full(self, now: datetime) -> None:
        for key_hash, full_at in list(self._full_at.items()):
            if full_at <= now:
                del self._full_at[key_hash]
