"""The sweep: re-queues orders whose message was lost, delivers missed events, closes old connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from dexec.ports import Clock, Delivery, Orders, Push, Queue, Watching
from dexec.usecases.notify import Notifier
from dexec.usecases.steps import Steps, has_time

LOST_AFTER_S = 15
STALE_AFTER_S = 600
UNDELIVERED_AFTER_S = 15
CONNECTION_LIFE_S = 2 * 3600 + 600
"""API Gateway closes a connection after 2 hours; an older one was missed, or belongs to an emulator."""

BATCH = 100
ORPHANS = 1_000
"""Watchers deleted at once: Aurora DSQL changes 3,000 rows in a transaction at the most."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    requeued: tuple[str, ...]
    delivered: tuple[str, ...]
    dropped_connections: int
    parked: int
    """How many orders wait for an operator."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The use case."""

    orders: Orders
    watching: Watching
    queue: Queue
    push: Push
    clock: Clock
    new_notifier: Callable[[], Notifier]

    def __call__(self, ends_at: datetime, lost_after_s: float = LOST_AFTER_S) -> Swept:
        """Sweep once, in batches, until nothing is left or ``ends_at`` is near.

        ``lost_after_s`` is how long a message may be on its way; 0 where the queue is known to be new.
        Every step is tried, even if an earlier one failed. Raises the first failure, ``Unavailable`` and
        ``OutcomeUnknown`` among others; completed steps are not undone.
        """
        steps = Steps()
        none: tuple[str, ...] = ()
        requeued = steps.run(lambda: self._requeue_lost(ends_at, lost_after_s), none)
        delivered = steps.run(lambda: self._notify_undelivered(ends_at), none)
        dropped = steps.run(lambda: self._close_stale(ends_at), 0)
        steps.run(lambda: self._drop_orphans(ends_at), None)
        parked = steps.run(self.orders.parked, 0)
        steps.end()
        return Swept(requeued, delivered, dropped, parked)

    def _requeue_lost(self, ends_at: datetime, lost_after_s: float) -> tuple[str, ...]:
        requeued: list[str] = []
        queue_is_empty = self.queue.is_empty()
        while has_time(self.clock, ends_at):
            now = self.clock.now()
            lost = self.orders.lost(now, lost_after_s, queue_is_empty, STALE_AFTER_S, BATCH)
            for order in lost:
                if self.orders.requeue(order, now):
                    self.queue.send(order.id, order.client_id, 0)
                    requeued.append(order.id)
            if len(lost) < BATCH:
                break
        return tuple(requeued)

    def _notify_undelivered(self, ends_at: datetime) -> tuple[str, ...]:
        """Deliver batch after batch; a connection that failed is not tried again in this sweep."""
        delivered: dict[str, None] = {}
        failed: set[str] = set()
        before = self.clock.now() - timedelta(seconds=UNDELIVERED_AFTER_S)
        while has_time(self.clock, ends_at):
            batch = self.watching.undelivered(before, BATCH, frozenset(failed))
            remaining = [one for one in batch if one[0].id not in delivered]
            for order, events, watchers in remaining:
                reachable = [one for one in watchers if one.connection_id not in failed]
                if reachable and has_time(self.clock, ends_at):
                    with self.new_notifier().until(ends_at, patiently=True) as notifier:
                        notifier.notify(events, reachable)
                    failed |= notifier.undelivered
                    delivered[order.id] = None
            if not remaining:
                break
        return tuple(delivered)

    def _close_stale(self, ends_at: datetime) -> int:
        """Close old connections and delete those that are closed; the others are tried again next time."""
        before = self.clock.now() - timedelta(seconds=CONNECTION_LIFE_S)
        dropped = 0
        while has_time(self.clock, ends_at):
            stale = self.watching.stale(before, BATCH)
            ended: dict[Delivery, list[str]] = {delivery: [] for delivery in Delivery}
            for connection_id in takewhile(lambda _: has_time(self.clock, ends_at), stale):
                ended[self.push.close(connection_id)].append(connection_id)
            closed = ended[Delivery.DELIVERED] + ended[Delivery.GONE]
            self.watching.note_closed(closed, ended[Delivery.FAILED])
            dropped += len(closed)
            if len(closed) < BATCH:
                break
        return dropped

    def _drop_orphans(self, ends_at: datetime) -> None:
        while has_time(self.clock, ends_at) and self.watching.drop_orphans(ORPHANS) == ORPHANS:
            pass
