"""Judges orders by the risk limits of their clients: when they are placed, and before they are signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

from dexec.domain.errors import NoVenue
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Order
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.risk import (
    Reservation,
    RiskLimits,
    check_collar,
    check_day,
    check_notional,
    check_request,
    notional,
    valued_as,
)
from dexec.ports import Clock, Risk
from dexec.usecases.quote_route import Decision
from dexec.usecases.reference import Prices, Reference, reference_prices

RiskCheck = Callable[[RiskLimits | None, Order, Decision], Reservation | None]
"""Judges an order before it is signed; returns what it counts for in its client's day."""


@dataclass(frozen=True, slots=True)
class CheckRisk:
    """The use case; ``reference`` prices what an order is worth."""

    risk: Risk
    reference: Reference
    clock: Clock

    def placing(self, limits: RiskLimits | None, order: Order) -> None:
        """Raise ``RiskRefused`` for an order that the limits forbid; ``NoVenue`` where it cannot be valued.

        An order that is executed at once must fit in what is left of today. The day of one that waits is
        not known yet, but more than a whole day's limit it may never be worth.
        """
        if limits is None:
            return
        check_request(limits, order.request)
        if limits.needs_notional:
            worth = self._worth(limits, order.request, {})
            check_notional(limits, worth)
            waits = limits.max_daily is None or order.status in RESTING
            check_day(limits, 0 if waits else self._used(limits, order.client_id), worth)

    def signing(self, limits: RiskLimits | None, order: Order, decision: Decision) -> Reservation | None:
        """Return what the order's signature counts for in its day, None without a limit of that kind.

        The exit of a bracket closes what its entry opened, so no notional is too large for it. Raises
        ``RiskRefused``, ``NoVenue``.
        """
        if limits is None:
            return None
        request = order.trades
        check_request(limits, request)
        self._check_collar(limits, decision)
        if not limits.needs_notional:
            return None
        worth = self._worth(limits, request, self._prices(limits, request, decision))
        if order.entry_id is None:
            check_notional(limits, worth)
        if limits.max_daily is None:
            return None
        check_day(limits, self._used(limits, order.client_id), worth)
        return Reservation(utc_day(self.clock.now()), worth, limits.settlement)

    def _used(self, limits: RiskLimits, client_id: str) -> int:
        return self.risk.used(client_id, utc_day(self.clock.now()), limits.settlement)

    def _check_collar(self, limits: RiskLimits, decision: Decision) -> None:
        if limits.collar_bps is None:
            return
        pair = Pair(decision.route.token_in, decision.route.token_out)
        prices = reference_prices([pair], decision.snapshots, self.reference.amounts)
        check_collar(limits, decision.route, _price(pair, prices))

    def _prices(self, limits: RiskLimits, request: RouteRequest, decision: Decision) -> Mapping[Pair, Prices]:
        """Return the price at which an order is valued, as far as the pools of its route know it."""
        pair = valued_as(request, limits.settlement)
        return reference_prices([pair] if pair else [], decision.snapshots, self.reference.amounts)

    def _worth(self, limits: RiskLimits, request: RouteRequest, prices: Mapping[Pair, Prices]) -> int:
        pair = valued_as(request, limits.settlement)
        if pair is None:
            return request.amount
        known = prices if pair in prices else self.reference([pair]).prices
        return notional(request.amount, _price(pair, known))


def utc_day(now: datetime) -> date:
    """Return the day in which an order that is signed now counts."""
    return now.astimezone(UTC).date()


def _price(pair: Pair, prices: Mapping[Pair, Prices]) -> Fraction:
    if pair not in prices:
        raise NoVenue(
            f"no venue prices {pair.token_in} in {pair.token_out} now, which the risk limits need to know"
        )
    return prices[pair].reference
