"""Accepts an order: stored first, queued second, with a truthful answer whichever of the two fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dexec.domain.errors import (
    CommitUnknown,
    Invalid,
    OrderWithdrawn,
    OutcomeUnknown,
    QueueUnavailable,
    TooManyOrders,
    Unavailable,
)
from dexec.domain.failure import Failure
from dexec.domain.idempotency import request_hashes
from dexec.domain.lifecycle import Status
from dexec.domain.order import Event, Order
from dexec.domain.quote import RouteRequest
from dexec.domain.tokens import format_units
from dexec.ports import ApiKey, Clock, NewOrder, Orders, Placed, Queue, RateLimit
from dexec.usecases.hint_webhooks import no_hints

WITHDRAWN = (
    "the order was not queued and has been withdrawn: nothing of it was executed, and your history has it as "
    "failed; send it again later, with the same idempotency key if it had one"
)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client sends: the swap, its own label, a key that makes repeats harmless, who watches."""

    request: RouteRequest
    label: str | None = None
    idempotency_key: str | None = None
    watcher: str | None = None


Announce = Callable[[Order, Event, str | None], None]
"""Tells a client's streams, but one connection, of an order that waits and its first event; never raises."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """The use case; ``new_id`` makes an order id for a time, ``default_rate`` limits keys without a rate.

    Streams hear of an order when it is executed; of one that has to wait, ``announce`` tells them at once.
    ``hint`` is told of each new order.
    """

    orders: Orders
    queue: Queue
    clock: Clock
    new_id: Callable[[datetime], str]
    default_rate: RateLimit
    announce: Announce
    hint: Callable[[Order], None] = no_hints

    def __call__(self, submission: Submission, caller: ApiKey) -> Placed:
        """Store the order, queue it and return it as it stands, and whether this call made it.

        A repeated idempotency key returns the order it stands for; if that is still pending its message
        is sent again, for the first one may never have been. Raises ``Invalid``, ``TooManyOrders``,
        ``IdempotencyConflict``, ``ConnectionUnknown``; ``StoreUnavailable`` when nothing is stored;
        ``OrderWithdrawn`` when the order is stored as failed, and its key is free again; ``CommitUnknown``,
        with the order's id, when it is unknown which of these holds.
        """
        _check_amount(submission.request, caller)
        now = self.clock.now()
        new = self._new_order(submission, caller, now)
        try:
            placed = self._place(new, self._rate_of(caller), submission.watcher)
        except CommitUnknown as exc:
            raise CommitUnknown("it is not known whether the order was stored", new.order.id) from exc
        if placed.order.status is Status.PENDING:
            self._queue(placed, now)
        if placed.is_new:
            self._tell(placed.order, new.first_event, submission.watcher, now)
        return placed

    def _tell(self, order: Order, event: Event, watcher: str | None, now: datetime) -> None:
        if order.run_at > now:
            self.announce(order, event, watcher)
        self.hint(order)

    def _place(self, new: NewOrder, rate: RateLimit | None, watcher: str | None) -> Placed:
        deadline_s = new.order.request.deadline_s
        if rate is None or deadline_s is None or rate.max_backlog_s < deadline_s:
            return self.orders.place(new, rate, watcher)
        # Slots are whole seconds away: the last that leaves time to sign is a second before the deadline.
        try:
            return self.orders.place(new, replace(rate, max_backlog_s=deadline_s - 1), watcher)
        except TooManyOrders as exc:
            raise TooManyOrders(
                f"under the rate limit this order would start after its deadline of {deadline_s} s: send it "
                f"again in {exc.retry_after_s} s, or with a later deadline",
                exc.retry_after_s,
            ) from exc

    def _queue(self, placed: Placed, now: datetime) -> None:
        order = placed.order
        delay_s = max(0, round((order.run_at - now).total_seconds() + 0.499))
        try:
            self.queue.send(order.id, order.client_id, delay_s)
        except QueueUnavailable as exc:
            # A repeat leaves the order alone: a client that got 202 for it keeps it, the sweeper queues it.
            if placed.is_new:
                self._withdraw(order, exc)

    def _withdraw(self, order: Order, exc: QueueUnavailable) -> None:
        reason = Failure(exc.code, "the order could not be queued; nothing was executed")
        try:
            is_withdrawn = self.orders.withdraw(order, self.clock.now(), reason)
        except (Unavailable, OutcomeUnknown) as store_exc:
            raise CommitUnknown("it is not known whether the order will execute", order.id) from store_exc
        if is_withdrawn:
            raise OrderWithdrawn(WITHDRAWN, order.id) from exc
        # Guard failed: an executor has it, or a repeat of the key was answered 202 and its message is sent.

    def _new_order(self, submission: Submission, caller: ApiKey, now: datetime) -> NewOrder:
        deadline_s = submission.request.deadline_s
        order = Order(
            id=self.new_id(now),
            client_id=caller.client_id,
            label=submission.label,
            request=submission.request,
            status=Status.PENDING,
            seq=1,
            attempt=1,
            run_at=now,
            queued_at=now,
            created_at=now,
            updated_at=now,
            expires_at=None if deadline_s is None else now + timedelta(seconds=deadline_s),
        )
        hashes = request_hashes(submission.label, submission.request)
        return NewOrder(order, submission.idempotency_key, hashes)

    def _rate_of(self, caller: ApiKey) -> RateLimit | None:
        if caller.orders_per_minute is None:
            return self.default_rate
        if caller.orders_per_minute == 0:
            return None
        return replace(self.default_rate, interval_s=60 / caller.orders_per_minute)


def _check_amount(request: RouteRequest, caller: ApiKey) -> None:
    if caller.max_amounts is None:
        return
    token = request.exact_token
    most = caller.max_amounts.get(token)
    if most is None:
        raise Invalid(f"this API key allows no order that names an amount of {token}", "amount")
    if request.amount > most:
        raise Invalid(f"this API key allows at most {format_units(most, token)} {token} an order", "amount")
