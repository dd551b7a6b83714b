"""Settling what the queue gave up on: told from the chain alone, never by guessing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.domain.errors import LeaseLost, OrderFailed, QueueUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, confirm, fail
from dexec.domain.routing import fill_details
from dexec.ports import ClaimOutcome, Clock, Landed, Orders, Outcomes, Queue
from dexec.usecases.report import Report, Reporting, keep_quiet
from dexec.usecases.tell import Teller


@dataclass(frozen=True, slots=True)
class SettleDeadLetter:
    """The use case: confirm, fail, or put back on the queue."""

    orders: Orders
    queue: Queue
    outcomes: Outcomes
    clock: Clock
    new_teller: Callable[[], Teller]
    new_token: Callable[[], str]
    lease_s: float = 25

    def __call__(self, order_id: str, ends_at: datetime, report: Reporting = keep_quiet) -> bool:
        """Settle one dead letter; False when it has to stay where it is for now.

        ``report`` is called when the order ended here. Raises ``Unavailable`` and ``OutcomeUnknown`` when
        a back end is away: the letter stays, too.
        """
        now = self.clock.now()
        claim = self.orders.claim(order_id, self.new_token(), now, now + timedelta(seconds=self.lease_s))
        if claim.order is None:
            return True
        if claim.outcome in (ClaimOutcome.NOT_YET, ClaimOutcome.PAUSED, ClaimOutcome.KEYLESS):
            return self._put_back(claim.order)
        if claim.outcome is ClaimOutcome.HELD:
            return False
        with self.new_teller().until(ends_at) as teller:
            teller.tell(claim.events, claim.watchers)
            change = None if claim.order.is_terminal else self._settlement(claim.order)
            if change is not None:
                try:
                    teller.tell(change.events, self.orders.save(change))
                except LeaseLost:
                    return False
        if change is not None:
            report(Report(claim.order, change.after, claim.events + change.events, teller.failures))
        if claim.order.is_terminal or change is not None:
            return teller.trouble is None
        return self._give_back(claim.order)

    def _settlement(self, order: Order) -> Change | None:
        """Return how the order ended on chain; None where it did not, or another attempt is due."""
        if order.status is not Status.SUBMITTED or order.transaction is None:
            return None
        found = self.outcomes.look(order.transaction)
        return _ending(order, found, self.clock.now()) if isinstance(found, Landed) else None

    def _give_back(self, order: Order) -> bool:
        self.orders.release(order, self.clock.now())
        return self._put_back(order)

    def _put_back(self, order: Order) -> bool:
        now = self.clock.now()
        try:
            self.queue.send(order.id, order.client_id, 0)
        except QueueUnavailable:
            return False
        self.orders.requeue(order, now)
        return True


def _ending(order: Order, landed: Landed, now: datetime) -> Change | None:
    if landed.fill is not None:
        details = fill_details(landed.fill, order.request.token_in, order.request.token_out)
        return confirm(order, now, details)
    if isinstance(landed.error, OrderFailed):
        return fail(order, now, landed.error.view())
    return None
