"""An order, its events, and the pure steps that lead from one state of it to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from dexec.domain.failure import Failure
from dexec.domain.lifecycle import COUNTED, RESTARTED, SIGNING, TERMINAL, Status, Step, check_transition
from dexec.domain.quote import RouteRequest
from dexec.domain.recorded import RecordedFill, RecordedRoute
from dexec.domain.risk import Reservation
from dexec.domain.waiting.conditions import Kind, PriceType
from dexec.domain.waiting.prices import Price, Unit
from dexec.domain.waiting.terms import Terms, Waiting


@dataclass(frozen=True, slots=True)
class Accepted:
    """Said by an order's first event, and when it is amended or opened: what its client asked for."""

    label: str | None
    request: RouteRequest
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """The transaction with this id is stored and about to be sent."""

    signature: str


@dataclass(frozen=True, slots=True)
class Filled:
    """The transaction with this id landed, and what it filled."""

    signature: str | None
    fill: RecordedFill


@dataclass(frozen=True, slots=True)
class Triggered:
    """Why an order that waited goes: by which kind of condition, and the price that was seen at ``slot``.

    ``threshold`` is what it passed; prices are base units of token out per base unit of token in. Of a stop
    that goes on after a rest (``retry``) there is no price. ``unit`` is the one that its client reads.
    """

    by: Kind
    price: Fraction | None = None
    threshold: Fraction | None = None
    price_type: PriceType = PriceType.REFERENCE
    slot: int | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Activated:
    """A trail's activation price was seen at ``slot``: from then on it follows the highest price.

    ``price`` is as in ``Triggered``, ``unit`` the one that its client reads.
    """

    price: Fraction
    slot: int
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule that holds an order back for now, with what was seen and what is allowed, for people."""

    rule: str
    observed: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who or what cancelled an order (``by``: client, operator, key_revoked, entry, ioc), in words."""

    by: str
    error: Failure


Detail = (
    Accepted | RecordedRoute | Signed | Filled | Failure | Triggered | Activated | Refused | Withdrawal | None
)
"""What an event says beside its status and step, which decide the type; None where these say all."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of an order's append-only history; ``seq`` counts from 1."""

    order_id: str
    seq: int
    status: Status
    step: Step | None
    attempt: int
    detail: Detail
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to be sent: its id (base58), its bytes, and until when it can land."""

    signature: str
    data: bytes
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the store holds it.

    ``lease_token`` is whose it is right now, ``run_at`` when it may start, ``queued_at`` when its message
    was last put on the queue. ``transaction`` is that of the current attempt, stored before it is sent.
    ``rounds`` counts its rounds through the dead-letter queue in a row in which every run crashed; since
    ``parked_at`` it waits for an operator because of them. From ``expires_at`` on, its deadline, no signature
    is stored. ``hooks`` are the endpoints of its client that get its events. ``route`` is that of the current
    attempt; it is stored in the event that decided it, so only those who read the events, or the history,
    know it. ``waiting`` is what an order has that waits for its price; None for a market order. A bracket is
    two orders: the entry's ``exit_id`` names the exit, whose ``entry_id`` names the entry. ``cancelled_by``
    is a cancel that came while it was signed: it holds if the transaction does not fill it. ``reserved`` is
    what it counts for in the day's usage of a client that has a limit, while submitted and once confirmed.
    """

    id: str
    client_id: str
    label: str | None
    request: RouteRequest
    status: Status
    seq: int
    attempt: int
    run_at: datetime
    queued_at: datetime
    created_at: datetime
    updated_at: datetime
    lease_token: str | None = None
    lease_until: datetime | None = None
    route: RecordedRoute | None = None
    transaction: SignedTransaction | None = None
    fill: RecordedFill | None = None
    error: Failure | None = None
    rounds: int = 0
    parked_at: datetime | None = None
    expires_at: datetime | None = None
    hooks: tuple[str, ...] = ()
    waiting: Waiting | None = None
    entry_id: str | None = None
    exit_id: str | None = None
    cancelled_by: str | None = None
    reserved: Reservation | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether its deadline has passed."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in TERMINAL

    @property
    def trades(self) -> RouteRequest:
        """What is traded now: its request, with the limit of the condition that triggered it."""
        return self.request if self.waiting is None else self.waiting.request(self.request)

    @property
    def limit_price(self) -> Price | None:
        """The price that bounds what is traded now; None where it has none, or its own limit is as strict."""
        return None if self.waiting is None else self.waiting.price_in_force(self.request)

    @property
    def first_attempt(self) -> int:
        """The first attempt of this trigger; of a market order, of all."""
        return 1 if self.waiting is None else self.waiting.first_attempt

    @property
    def signature(self) -> str | None:
        """The id of its transaction on chain."""
        return self.transaction.signature if self.transaction else None


_OVER_DESPITE_CANCEL = frozenset({Status.SUBMITTED, Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED})


@dataclass(frozen=True, slots=True)
class Change:
    """An order before and after some events: what the store writes in one go, or not at all."""

    before: Order
    after: Order
    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, order: Order) -> Change:
        """Return the change of ``order`` in which nothing has happened yet."""
        return cls(order, order)

    @property
    def signs(self) -> bool:
        """Whether it leads to a new signature, or stores one."""
        return self.after.status in SIGNING and self.after.status is not self.before.status

    @property
    def minds_cancel(self) -> bool:
        """Whether a cancel that was noted while it was signed stands against it: it does not fill it."""
        return self.before.status is Status.SUBMITTED and self.after.status not in _OVER_DESPITE_CANCEL

    @property
    def ends_entry(self) -> bool:
        """Whether it ends the entry of a bracket."""
        return self.after.exit_id is not None and self.after.is_terminal

    def then(self, status: Status, now: datetime, detail: Detail = None, step: Step | None = None) -> Change:
        """Return this change with one more event; raise ``IllegalTransition`` where the table forbids it."""
        check_transition(self.after.status, status)
        seq = self.after.seq + 1
        event = Event(self.after.id, seq, status, step, self.after.attempt, detail, now)
        reserved = self.after.reserved if status in COUNTED else None
        after = replace(self.after, status=status, seq=seq, updated_at=now, reserved=reserved)
        return Change(self.before, after, (*self.events, event))

    def releasing(self, run_at: datetime | None = None) -> Change:
        """Return this change, after which the order is unleased; it may go on from ``run_at``."""
        after = replace(self.after, lease_token=None, lease_until=None, run_at=run_at or self.after.run_at)
        return Change(self.before, after, self.events)


def routed(order: Order, events: Sequence[Event]) -> Order:
    """Return an order with the route that its current attempt took last, as ``events`` record it."""
    for event in reversed(events):
        if event.attempt == order.attempt and isinstance(event.detail, RecordedRoute):
            return replace(order, route=event.detail)
    return order if order.route is None else replace(order, route=None)


def take(order: Order, now: datetime, token: str, until: datetime) -> Change:
    """Record that an executor takes the lease; an order without a signature is routed, from the start."""
    change = Change(order, replace(order, lease_token=token, lease_until=until, updated_at=now))
    return change.then(Status.ROUTING, now) if order.status in RESTARTED else change


def build(order: Order, now: datetime, route: RecordedRoute) -> Change:
    """Record the routing decision and go on to building."""
    change = Change(order, replace(order, route=route))
    return change.then(Status.ROUTING, now, route, Step.QUOTES).then(Status.BUILDING, now)


def submit(
    order: Order, now: datetime, transaction: SignedTransaction, reserved: Reservation | None = None
) -> Change:
    """Record the signed transaction, which is about to be sent, and what it counts for in its day's usage."""
    change = Change(order, replace(order, transaction=transaction, reserved=reserved))
    return change.then(Status.SUBMITTED, now, Signed(transaction.signature))


def confirm(order: Order, now: datetime, fill: RecordedFill) -> Change:
    """Record that the transaction landed and what it filled; the order is over."""
    reserved = order.reserved and order.reserved.filled(
        fill.token_in, fill.token_out, fill.amount_in, fill.amount_out
    )
    change = Change(order, replace(order, fill=fill, reserved=reserved))
    return change.then(Status.CONFIRMED, now, Filled(order.signature, fill)).releasing()


def fail(order: Order, now: datetime, error: Failure) -> Change:
    """Record why the order failed; it is over."""
    return Change(order, replace(order, error=error)).then(Status.FAILED, now, error).releasing()


def cancel(order: Order, now: datetime, by: str, error: Failure) -> Change:
    """Record that the order is cancelled, and by whom; it is over."""
    change = Change(order, replace(order, error=error))
    return change.then(Status.CANCELLED, now, Withdrawal(by, error)).releasing()


def expire(order: Order, now: datetime, error: Failure) -> Change:
    """Record that the order's time is over, and the order with it."""
    return Change(order, replace(order, error=error)).then(Status.EXPIRED, now, error).releasing()


def try_again(order: Order, now: datetime, error: Failure) -> Change:
    """Start the next attempt because of ``error``; the last transaction can no longer land."""
    fresh = replace(order, attempt=order.attempt + 1, route=None, transaction=None)
    return Change(order, fresh).then(Status.ROUTING, now, error)
