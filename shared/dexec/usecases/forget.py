"""Retention: deletes orders that ended long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.ports import Archive, Clock
from dexec.usecases.steps import has_time


@dataclass(frozen=True, slots=True)
class Forget:
    """The use case: orders are kept for ``days`` after their end; 0 keeps them indefinitely."""

    archive: Archive
    clock: Clock
    days: int

    def __call__(self, ends_at: datetime) -> int:
        """Delete what is too old, until nothing is left or ``ends_at`` is near; return how many orders.

        Raises ``Unavailable`` and ``OutcomeUnknown``; what was deleted until then stays deleted.
        """
        if not self.days:
            return 0
        ended_before = self.clock.now() - timedelta(days=self.days)
        forgotten = 0
        while has_time(self.clock, ends_at):
            batch = self.archive.forget(ended_before)
            forgotten += batch.orders
            if not any(batch):
                break
        return forgotten
