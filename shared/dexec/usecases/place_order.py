"""Accepts an order: stored first, queued second, with a truthful answer whichever of the two fails.

What waits for its price is stored and not queued: its message is sent when it is triggered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dexec.domain.errors import (
    CommitUnknown,
    Invalid,
    NoPrice,
    NoVenue,
    OrderWithdrawn,
    OutcomeUnknown,
    QueueUnavailable,
    Rejected,
    TooManyOrders,
    Unavailable,
)
from dexec.domain.failure import Failure
from dexec.domain.idempotency import request_hashes
from dexec.domain.lifecycle import Status
from dexec.domain.order import Event, Order
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.risk import RiskLimits, RiskRefused, most_open
from dexec.domain.tokens import format_units
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.ports import ApiKey, Clock, NewOrder, Orders, Placed, Queue, RateLimit, Watcher
from dexec.ports.orders import first_event

WITHDRAWN = (
    "the order was not queued and has been withdrawn: nothing of it was executed, and your history has it as "
    "failed; send it again later, with the same idempotency key if it had one"
)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client sends: the swap, its own label, a key that makes repeats harmless, who watches.

    ``terms`` are what it waits for; a market order has none. ``exits`` are those of the bracket's exit, which
    trades back what the order buys. ``expires_at`` is its end, where that is no deadline in seconds.
    """

    request: RouteRequest
    label: str | None = None
    idempotency_key: str | None = None
    watcher: str | None = None
    terms: Terms | None = None
    exits: Terms | None = None
    expires_at: datetime | None = None


NOT_ENABLED = (
    "orders that wait are not enabled on this deployment yet: send a market order without exits, or this one "
    "again later"
)

Judge = Callable[[RouteRequest, Terms | None, Terms | None], Kind | None]
"""Says by which kind of condition an order is due at once, if it is; ``JudgeTerms`` is one."""


Announce = Callable[[Order, Event, str | None, Sequence[Watcher] | None], None]
"""Notifies a client's streams, but one connection, of an order that waits; never raises.

The streams are given where they are known.
"""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """The use case; ``new_id`` makes an order id for a time, ``default_rate`` limits keys without a rate.

    Streams hear of an order when it is executed; of one that has to wait, ``announce`` notifies them at once.
    ``hint`` is called with each new order. ``judge`` says what the market makes of an order's terms now;
    ``start_ticking`` is called with what waits once it is stored. Where ``takes_waiting`` is false, market
    orders alone are taken. ``check_risk`` judges an order by its client's limits.
    """

    orders: Orders
    queue: Queue
    clock: Clock
    new_id: Callable[[datetime], str]
    default_rate: RateLimit
    announce: Announce
    hint: Callable[[Order], None]
    judge: Judge
    start_ticking: Callable[[Order], None]
    takes_waiting: bool
    check_risk: Callable[[RiskLimits | None, Order], None]

    def __call__(self, submission: Submission, caller: ApiKey) -> Placed:
        """Store the order, queue it and return it as it stands, and whether this call made it.

        A repeated idempotency key returns the order it stands for; if that is still pending its message
        is sent again, for the first one may never have been. Raises ``Invalid``, ``TooManyOrders``,
        ``IdempotencyConflict``, ``ConnectionUnknown``, ``TradingHalted``, ``RiskRefused``, ``NoVenue``
        (the limits need a price), and what ``JudgeTerms`` does; ``StoreUnavailable`` when nothing is stored,
        ``Unavailable`` when it waits and that is not enabled;
        ``OrderWithdrawn`` when the order is stored as failed, and its key is free again; ``CommitUnknown``,
        with the order's id, when it is unknown which of these holds.
        """
        check_amount(submission.request, caller)
        now = self.clock.now()
        if not self.takes_waiting and (submission.terms or submission.exits):
            raise Unavailable(NOT_ENABLED)
        new = self._new_order(submission, caller, now)
        try:
            new = self._judged(submission, new)
            self.check_risk(caller.limits, new.order)
        except (Rejected, NoPrice, RiskRefused, NoVenue):
            # The market may have moved since: what an earlier request placed stands.
            known = self.orders.known(new)
            if known is None:
                raise
            return self._after(Placed(known, is_new=False), new, submission.watcher, now)
        if new.resting:
            new = replace(new, most_open=most_open(caller.limits))
        try:
            placed = self._place(new, rate_of(caller, self.default_rate), submission.watcher)
        except CommitUnknown as exc:
            raise CommitUnknown("it is not known whether the order was stored", new.order.id) from exc
        return self._after(placed, new, submission.watcher, now)

    def _judged(self, submission: Submission, new: NewOrder) -> NewOrder:
        """Return the order as it begins: pending if it is due at once, or else waiting."""
        _check_expiry(submission, new.order.created_at)
        terms, exits = submission.terms, submission.exits
        if terms is None and exits is None:
            return new
        fired = self.judge(submission.request, terms, exits)
        order = new.order
        if terms is not None:
            status = Status.OPEN if fired is None else Status.PENDING
            order = replace(order, status=status, waiting=Waiting.of(terms, fired))
        if exits is None:
            return replace(new, order=order)
        # Orders are locked by their ids: an entry before its exit, as its end does.
        entry_id, exit_id = sorted((order.id, self.new_id(order.created_at)))
        order = replace(order, id=entry_id, exit_id=exit_id)
        return replace(new, order=order, exit=held_exit(order, exit_id, exits))

    def _after(self, placed: Placed, new: NewOrder, watcher: str | None, now: datetime) -> Placed:
        """Queue what is due, have the market watched for what waits, notify of what is new."""
        order = placed.order
        if order.status is Status.PENDING:
            self._queue(placed, now)
        elif order.status is Status.OPEN and not placed.is_ticked:
            self.start_ticking(order)
        if placed.is_new:
            if order.run_at > now or order.status is Status.OPEN:
                self.announce(order, new.first_event, watcher, placed.streams)
            self.hint(order)
            if new.exit is not None:
                self.announce(new.exit, first_event(new.exit), watcher, placed.streams)
                self.hint(replace(new.exit, hooks=order.hooks))
        return placed

    def _place(self, new: NewOrder, rate: RateLimit | None, watcher: str | None) -> Placed:
        order = new.order
        if rate is not None and order.status is Status.OPEN:
            return self._place_waiting(new, rate, watcher)
        if rate is None or order.expires_at is None:
            return self.orders.place(new, rate, watcher)
        left_s = math.ceil((order.expires_at - order.created_at).total_seconds())
        if rate.max_backlog_s < left_s:
            return self.orders.place(new, rate, watcher)
        # Slots are whole seconds away: the last that leaves time to sign is a second before the deadline.
        try:
            return self.orders.place(new, replace(rate, max_backlog_s=left_s - 1), watcher)
        except TooManyOrders as exc:
            raise TooManyOrders(
                f"under the rate limit this order would start after its deadline of {left_s} s: send it "
                f"again in {exc.retry_after_s} s, or with a later deadline",
                exc.retry_after_s,
            ) from exc

    def _place_waiting(self, new: NewOrder, rate: RateLimit, watcher: str | None) -> Placed:
        """Store an order that takes no slot: no later one would do."""
        try:
            return self.orders.place(new, replace(rate, max_backlog_s=0), watcher)
        except TooManyOrders as exc:
            raise TooManyOrders(
                f"orders that wait are placed faster than your key's {60 / rate.interval_s:g} a minute: send "
                f"this one again in {exc.retry_after_s} s",
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
        deadline_s, expires_at = submission.request.deadline_s, submission.expires_at
        if expires_at is None and deadline_s is not None:
            expires_at = now + timedelta(seconds=deadline_s)
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
            expires_at=expires_at,
        )
        hashes = request_hashes(
            submission.label, submission.request, submission.terms, submission.exits, submission.expires_at
        )
        return NewOrder(order, submission.idempotency_key, hashes)


def held_exit(entry: Order, exit_id: str, terms: Terms) -> Order:
    """Return the exit of a bracket, held until ``entry`` is filled: its amount is what that buys."""
    request = entry.request
    back = RouteRequest(Mode.EXACT_IN, request.token_out, request.token_in, 0, request.slippage_bps)
    return Order(
        id=exit_id,
        client_id=entry.client_id,
        label=None,
        request=back,
        status=Status.HELD,
        seq=1,
        attempt=1,
        run_at=entry.run_at,
        queued_at=entry.queued_at,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        waiting=Waiting.of(terms),
        entry_id=entry.id,
    )


def _check_expiry(submission: Submission, now: datetime) -> None:
    if submission.expires_at is not None and submission.expires_at <= now:
        raise Invalid("is in the past", "expiresAt")


def rate_of(caller: ApiKey, default: RateLimit) -> RateLimit | None:
    """Return the rate of a key, None where it has no limit; ``default`` is that of a key that names none."""
    if caller.orders_per_minute is None:
        return default
    if caller.orders_per_minute == 0:
        return None
    return replace(default, interval_s=60 / caller.orders_per_minute)


def check_amount(request: RouteRequest, caller: ApiKey) -> None:
    """Raise ``Invalid`` for an amount that a key does not allow."""
    if caller.max_amounts is None:
        return
    token = request.exact_token
    most = caller.max_amounts.get(token)
    if most is None:
        raise Invalid(f"this API key allows no order that names an amount of {token}", "amount")
    if request.amount > most:
        raise Invalid(f"this API key allows at most {format_units(most, token)} {token} an order", "amount")
