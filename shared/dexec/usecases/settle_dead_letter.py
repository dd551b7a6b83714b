"""Settles a dead letter's order by the state of the chain: confirmed, failed, at rest, re-queued, parked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from dexec.domain.errors import (
    AttemptFailed,
    CancelWished,
    LeaseLost,
    OrderFailed,
    OutcomeUnknown,
    QueueUnavailable,
    Unavailable,
)
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, confirm
from dexec.domain.routing import record_fill
from dexec.ports import Claim, ClaimOutcome, Clock, Landed, Orders, Outcomes, Pending, Queue, Watcher
from dexec.usecases.aftermath import after_attempt, after_wish
from dexec.usecases.notify import Notifier
from dexec.usecases.notify_exit import Notify
from dexec.usecases.report import Report, Reporting, keep_quiet

MAX_ROUNDS = 3
"""An order that arrived here this often in a row because each of its runs crashed is parked."""


class Letter(Enum):
    """What became of a dead letter."""

    SETTLED = auto()
    """Done: its order has ended, or is back on the queue."""

    PARKED = auto()
    """Done: its order waits for an operator."""

    KEPT = auto()
    """It stays in the dead-letter queue for now."""


_WITHOUT_WORK = {
    ClaimOutcome.MISSING: Letter.SETTLED,
    ClaimOutcome.RESTING: Letter.SETTLED,
    ClaimOutcome.PARKED: Letter.PARKED,
    ClaimOutcome.HELD: Letter.KEPT,
}
_LATER = frozenset({ClaimOutcome.NOT_YET, ClaimOutcome.PAUSED, ClaimOutcome.HALTED, ClaimOutcome.KEYLESS})


@dataclass(frozen=True, slots=True)
class SettleDeadLetter:
    """The use case: confirm, fail, let rest what waits, put back on the queue, or park.

    Only an executor that raised or was killed leaves its lease behind. An order whose runs keep ending like
    that is a poison message and would circulate forever; a redelivery after an infrastructure error does not
    count.
    """

    orders: Orders
    queue: Queue
    outcomes: Outcomes
    clock: Clock
    new_notifier: Callable[[], Notifier]
    new_token: Callable[[], str]
    lease_s: float
    hint: Callable[[Order], None]
    notify_exit: Notify

    def __call__(self, order_id: str, ends_at: datetime, report: Reporting = keep_quiet) -> Letter:
        """Settle one dead letter and return what became of it.

        ``report`` is called if the order ended here. Raises ``Unavailable`` and ``OutcomeUnknown`` if
        a back end is unavailable: the dead letter stays then, too.
        """
        now = self.clock.now()
        claim = self.orders.claim(order_id, self.new_token(), now, now + timedelta(seconds=self.lease_s))
        if claim.order is None or claim.outcome in _WITHOUT_WORK:
            return _WITHOUT_WORK[claim.outcome]
        if claim.outcome in _LATER:
            return self._put_back(claim.order)
        try:
            return self._settle(claim, claim.order, ends_at, report)
        except (Unavailable, OutcomeUnknown):
            if not claim.abandoned:
                # Left behind, its lease would count as a run that crashed.
                with suppress(Unavailable, OutcomeUnknown):
                    self.orders.release(claim.order, self.clock.now())
            raise

    def _settle(self, claim: Claim, order: Order, ends_at: datetime, report: Reporting) -> Letter:
        with self.new_notifier().until(ends_at) as notifier:
            notifier.notify(claim.events, claim.watchers)
            change = None if order.is_terminal else self._settlement(order)
            if change is not None:
                try:
                    change, watchers = self._save(change)
                except LeaseLost:
                    return Letter.KEPT
                notifier.notify(change.events, watchers)
        self.hint(order)
        if change is not None:
            self.notify_exit(change.after, watchers, ends_at)
            report(Report(order, change.after, claim.events + change.events, notifier.failures))
        if order.is_terminal or change is not None:
            return Letter.SETTLED if notifier.error is None else Letter.KEPT
        return self._give_back(claim, order)

    def _save(self, change: Change) -> tuple[Change, tuple[Watcher, ...]]:
        """Write the settlement, or, where a cancel was noted, that the order is cancelled instead."""
        try:
            return change, self.orders.save(change)
        except CancelWished as wish:
            cancelled = after_wish(change.before, wish.by, self.clock.now())
            return cancelled, self.orders.save(cancelled)

    def _settlement(self, order: Order) -> Change | None:
        """Return how the order ended on chain; None where it did not, or another attempt is due."""
        if order.status is not Status.SUBMITTED or order.transaction is None:
            return None
        found = self.outcomes.look(order.transaction)
        return _ending(order, found, self.clock.now()) if isinstance(found, Landed) else None

    def _give_back(self, claim: Claim, order: Order) -> Letter:
        rounds = order.rounds + 1 if claim.abandoned else 0
        parks = rounds >= MAX_ROUNDS and not self._may_land(order)
        self.orders.end_round(order, self.clock.now(), rounds, parks=parks)
        return Letter.PARKED if parks else self._put_back(order)

    def _may_land(self, order: Order) -> bool:
        """Whether a stored transaction may have filled the order, or still can."""
        if order.transaction is None:
            return False
        found = self.outcomes.look(order.transaction)
        return isinstance(found, Pending) or (isinstance(found, Landed) and found.fill is not None)

    def _put_back(self, order: Order) -> Letter:
        now = self.clock.now()
        try:
            self.queue.send(order.id, order.client_id, 0)
        except QueueUnavailable:
            return Letter.KEPT
        self.orders.requeue(order, now)
        return Letter.SETTLED


def _ending(order: Order, landed: Landed, now: datetime) -> Change | None:
    if landed.fill is not None:
        fill = record_fill(landed.fill, order.request.token_in, order.request.token_out)
        return confirm(order, now, fill)
    if isinstance(landed.error, OrderFailed) or (
        isinstance(landed.error, AttemptFailed) and order.waiting is not None
    ):
        # One attempt is left at the most: what waits gets others with its next trigger.
        return after_attempt(order, landed.error, now, max_attempts=1).change
    return None
