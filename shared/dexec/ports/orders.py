"""The ``Orders`` and ``Archive`` ports: the store of orders and their events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from dexec.domain.claims import ClaimOutcome
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status
from dexec.domain.order import Accepted, Change, Event, Order
from dexec.domain.risk import RiskLimits
from dexec.ports.watching import Watcher

MOST_EVENTS = 200
"""Events that are read with an order: what waits may rest again thousands of times."""

StatusFilter = Status | Literal["active"]
"""Which orders a history shows: those of one status, or all that are not over."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How fast a client's orders may start: GCRA with one slot every ``interval_s`` and a burst."""

    interval_s: float
    burst: int
    max_backlog_s: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be placed, before the rate limit says when it starts.

    ``order`` is pending, or open: then it waits for its price. ``request_hashes`` are those of honest
    repeats of its request; the first is stored. ``exit`` is the held exit of a bracket, whose entry it is.
    ``most_open``: not placed where more orders of its client would wait then. Of those placed at the same
    moment, more may.
    """

    order: Order
    idempotency_key: str | None
    request_hashes: tuple[str, ...]
    exit: Order | None = None
    most_open: int | None = None

    @property
    def first_event(self) -> Event:
        """What is stored of it beside the order itself."""
        return first_event(self.order)

    @property
    def resting(self) -> int:
        """How many orders it adds to those that rest: itself, its exit, both or none."""
        return (self.order.status is Status.OPEN) + (self.exit is not None)


def first_event(order: Order) -> Event:
    """Return the event with which an order begins: what its client asked for."""
    terms = None if order.waiting is None else order.waiting.terms
    detail = Accepted(order.label, order.request, terms)
    return Event(order.id, order.seq, order.status, None, order.attempt, detail, order.created_at)


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that stands under this idempotency key now; ``is_new`` when this call made it.

    Where something waits, a store may look once it is stored, in the same round trip. ``is_ticked``: a
    function was seen to tick its book. ``streams``: the client's stream connections, None where it did not.
    """

    order: Order
    is_new: bool
    is_ticked: bool = False
    streams: tuple[Watcher, ...] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim; ``events`` are those of the order so far, if it was claimed or has ended.

    Of an order that has waited, they are those from the last time on that it became open.

    ``abandoned``: the lease before this one expired without having been released. ``held`` is what the
    client's wallet held at the claim, base units by symbol, of the tokens of which the store knows it.
    ``limits`` are the client's risk limits. ``halted``: the order waits for its price and was taken while its
    client may not trade, so it rests again.
    """

    outcome: ClaimOutcome
    order: Order | None = None
    events: tuple[Event, ...] = ()
    watchers: tuple[Watcher, ...] = ()
    abandoned: bool = False
    held: Mapping[str, int] = field(default_factory=dict)
    limits: RiskLimits | None = None
    halted: bool = False


class Orders(Protocol):
    """Orders and their events."""

    def place(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Placed:
        """Store the order and its first event, reserve its slot, resolve a repeated idempotency key.

        An open order takes no slot, but counts against ``limit`` in a row of its own. The rows by which
        what waits is found, and the exit of a bracket, are stored with it.
        ``order.run_at`` of the answer is its reserved start; a repeat renews a pending order's ``queued_at``.
        ``watcher`` and the client's stream connections become watchers. Raises ``IdempotencyConflict``,
        ``TooManyOrders``, ``CommitUnknown``; ``ConnectionUnknown`` when ``watcher`` is no connection of the
        client, ``TradingHalted``, ``RiskRefused`` (``most_open``), and then stores nothing.
        """

    def known(self, new: NewOrder) -> Order | None:
        """Return the order that stands under this idempotency key; None where it is not used.

        It is a repeat, as of ``place``: it renews a pending order's ``queued_at``. Raises
        ``IdempotencyConflict``, ``CommitUnknown``.
        """

    def withdraw(self, order: Order, now: datetime, error: Failure) -> bool:
        """Fail a pending order and free its idempotency key.

        False when it is not pending any more, or was placed again meanwhile: that caller relies on it.
        """

    def claim(self, order_id: str, token: str, now: datetime, lease_until: datetime) -> Claim:
        """Take the lease of an order that is due and unleased, and begin or resume its routing."""

    def save(self, change: Change) -> tuple[Watcher, ...]:
        """Write a change under the lease it saw; return the watchers to notify of its events.

        Raises ``LeaseLost`` when the order is not as ``change.before`` any more, ``SigningHalted`` for a
        change that leads to a signature while the client may not trade (a switch, or no valid API key),
        ``DeadlinePassed`` for one that is not ``updated_at`` before the order's ``expires_at``,
        ``CancelWished`` for one that leaves submitted to go on, or to fail, when a cancel is noted,
        ``RiskRefused`` for one whose reservation is beyond what its client may trade in the day.

        An order that rests again is found by its price from then on. With the end of a bracket's entry, its
        exit is opened over what the entry bought, or cancelled. A change of ``reserved`` is counted in the
        day's usage in the same transaction.
        """

    def amend(self, change: Change, limit: RateLimit | None) -> tuple[Watcher, ...]:
        """Write what the client of a waiting order wants instead; return the watchers to notify.

        It counts against ``limit`` in the row that open orders are counted in, and waits for no slot.
        Raises ``StaleSeq`` when the order still waits, but has changed since ``change.before``, and
        ``NotWaiting`` when it does not wait any more, ``TradingHalted``, ``TooManyOrders``; then nothing is
        written.
        """

    def release(self, order: Order, run_at: datetime) -> None:
        """Release the lease; the order may be claimed again from ``run_at``."""

    def find(
        self, order_id: str, client_id: str, after_seq: int | None = None
    ) -> tuple[Order, tuple[Event, ...]] | None:
        """Return a client's order with its last ``MOST_EVENTS`` events.

        With ``after_seq``, with those that follow it, as many at the most: the next page begins after these.
        """

    def history(
        self, client_id: str, status: StatusFilter | None, before_id: str | None, limit: int
    ) -> tuple[Order, ...]:
        """Return a client's orders, newest first, those older than ``before_id``."""

    def lost(
        self, now: datetime, grace_s: float, queue_is_empty: bool, stale_s: float, limit: int
    ) -> tuple[Order, ...]:
        """Return open orders that a claim would take now and whose message seems to be gone."""

    def requeue(self, order: Order, now: datetime) -> bool:
        """Record that the order's message is queued again; False if it has been re-queued meanwhile."""

    def end_round(self, order: Order, now: datetime, rounds: int, *, parks: bool) -> None:
        """Release the lease and store the order's ``rounds``; a parked order is neither claimed nor lost."""

    def unpark(self, order_id: str, now: datetime) -> bool:
        """Let a parked order be claimed again, with no rounds; its message is put on the queue next.

        False when it is not parked.
        """

    def parked(self) -> int:
        """Return how many orders are parked."""


class Forgotten(NamedTuple):
    """What one call deleted; an order goes with the last of its events."""

    orders: int
    events: int


class Archive(Protocol):
    """Orders that have ended."""

    def forget(self, ended_before: datetime) -> Forgotten:
        """Delete some orders that ended before a time, oldest first, with their events and watchers.

        Of one with very many events, some of these, the oldest first. Nothing is left when it deleted none.
        """
