"""Amends an order that waits: all that is wanted, or nothing, and only as its client knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dexec.domain.errors import NO_SUCH_ORDER, NotFound, Unavailable
from dexec.domain.ids import is_order_id
from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Order
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.risk import RiskLimits
from dexec.domain.waiting.amendment import Wanted, amended
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.refusals import not_amendable
from dexec.domain.waiting.steps import amend
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey, Clock, Orders, RateLimit, Written
from dexec.usecases.place_order import check_amount, rate_of

NO_AMENDMENTS = (
    "orders that wait are not enabled on this deployment yet, and cannot be amended: try again later"
)


class Judge(Protocol):
    """Judges terms as when an order is placed; ``JudgeTerms`` is one."""

    def __call__(self, request: RouteRequest, terms: Terms | None, exits: Terms | None) -> Kind | None:
        """Raise ``WouldTrigger``, ``ExitsCross`` or ``NoPrice`` for terms that could not be placed now."""

    def check_exits(self, pair: Pair, entry: Terms | None, exits: Terms) -> None:
        """Raise ``ExitsCross`` for exits on the wrong side of each other, or of the entry in ``pair``."""


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """The use case; ``default_rate`` limits keys without a rate, ``notify`` is called with what was amended.

    Where ``takes_waiting`` is false, nothing is amended: a version that is being replaced may not read it.
    """

    orders: Orders
    clock: Clock
    judge: Judge
    default_rate: RateLimit
    notify: Callable[[Sequence[Written]], None]
    check_risk: Callable[[RiskLimits | None, Order], None]
    takes_waiting: bool

    def __call__(self, order_id: str, caller: ApiKey, seq: int, wanted: Wanted) -> None:
        """Write what the client wants instead, if the order still waits and is at this ``seq``.

        Raises ``NotFound``, ``NotWaiting``, ``StaleSeq``, ``Invalid``, ``TooManyOrders``, ``TradingHalted``,
        ``RiskRefused``, ``NoVenue`` (another amount cannot be valued), and what the judge raises;
        nothing is changed then. ``Unavailable`` where orders that wait are not enabled.
        A limit that is met now fires at the next tick.
        """
        if not self.takes_waiting:
            raise Unavailable(NO_AMENDMENTS)
        order = self._find(order_id, caller)
        waiting = order.waiting
        if waiting is None or order.status not in RESTING or order.seq != seq:
            raise not_amendable(order)
        now = max(self.clock.now(), order.updated_at)
        request, terms, expires_at = amended(order, waiting, wanted, now)
        if "amount" in wanted:
            check_amount(request, caller)
        if terms != waiting.terms and not waiting.has_stopped:
            self._judge(order, request, terms)
        change = amend(order, now, request, terms, expires_at)
        if "amount" in wanted:
            self.check_risk(caller.limits, change.after)
        watchers = self.orders.amend(change, rate_of(caller, self.default_rate))
        self.notify([Written(change.after, change.events, watchers)])

    def _find(self, order_id: str, caller: ApiKey) -> Order:
        found = self.orders.find(order_id, caller.client_id) if is_order_id(order_id) else None
        if found is None:
            raise NotFound(NO_SUCH_ORDER)
        return found[0]

    def _judge(self, order: Order, request: RouteRequest, terms: Terms) -> None:
        if order.status is not Status.HELD:
            exit_ = self._other(order.exit_id, order)
            self.judge(request, terms, None if exit_ is None else _terms(exit_))
            return
        entry = self._other(order.entry_id, order)
        if entry is not None:
            pair = Pair(entry.request.token_in, entry.request.token_out)
            self.judge.check_exits(pair, _terms(entry), terms)

    def _other(self, order_id: str | None, order: Order) -> Order | None:
        """Return the other order of a bracket, if there is one."""
        found = None if order_id is None else self.orders.find(order_id, order.client_id)
        return None if found is None else found[0]


def _terms(order: Order) -> Terms | None:
    return None if order.waiting is None else order.waiting.terms
