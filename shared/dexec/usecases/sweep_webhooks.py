"""The sweep of webhooks: queues lines whose message was lost or is due, and deletes what is old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.ports import Clock, HookQueue, Outbox
from dexec.usecases.steps import Steps, has_time

DUE_FOR_S = 15
STALE_AFTER_S = 600
MOST_QUEUED = 200
MOST_DELETED = 1_000
"""Rows at once: Aurora DSQL changes 3,000 in a transaction at the most."""


@dataclass(frozen=True, slots=True)
class SweptWebhooks:
    """What one sweep did; ``disabled`` is how many endpoints are disabled."""

    queued: int = 0
    forgotten: int = 0
    disabled: int = 0


@dataclass(frozen=True, slots=True)
class SweepWebhooks:
    """The use case: records of deliveries are kept for ``days`` after the last try."""

    outbox: Outbox
    queue: HookQueue
    clock: Clock
    days: int

    def __call__(self, ends_at: datetime) -> SweptWebhooks:
        """Sweep once. Every step is tried; raises the first failure, ``Unavailable`` among others."""
        steps = Steps()
        queued = steps.run(lambda: self._requeue(ends_at), 0)
        forgotten = steps.run(lambda: self._forget(ends_at), 0)
        steps.run(lambda: self._drop_orphans(ends_at), None)
        disabled = steps.run(self.outbox.disabled, 0)
        steps.end()
        return SweptWebhooks(queued, forgotten, disabled)

    def _requeue(self, ends_at: datetime) -> int:
        queued = 0
        while has_time(self.clock, ends_at):
            due = self.outbox.requeue(self.clock.now(), DUE_FOR_S, STALE_AFTER_S, MOST_QUEUED)
            for hint in due:
                self.queue.send(hint, 0)
            queued += len(due)
            if len(due) < MOST_QUEUED:
                break
        return queued

    def _forget(self, ends_at: datetime) -> int:
        forgotten = 0
        before = self.clock.now() - timedelta(days=self.days)
        while has_time(self.clock, ends_at):
            batch = self.outbox.forget(before, MOST_DELETED)
            forgotten += batch
            if batch < MOST_DELETED:
                break
        return forgotten

    def _drop_orphans(self, ends_at: datetime) -> None:
        while has_time(self.clock, ends_at) and self.outbox.drop_orphans(MOST_DELETED) == MOST_DELETED:
            pass
