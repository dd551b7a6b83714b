"""Judges orders by the risk limits of their clients: when they are placed, and before they are signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

from dexec.domain.errors import NoVenue
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Event, Order, Refused
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.risk import (
    Reservation,
    RiskLimits,
    RiskRefused,
    check_collar,
    check_day,
    check_notional,
    check_request,
    notional,
    valued_as,
)
from dexec.domain.waiting.steps import refuse, rest
from dexec.ports import Clock, Risk
from dexec.usecases.quote_route import Decision
from dexec.usecases.reference import Prices, Reference, reference_prices


@dataclass(frozen=True, slots=True)
class Standing:
    """A client's limits, and what its signatures of a UTC day count for."""

    limits: RiskLimits
    day: date
    used: int


@dataclass(frozen=True, slots=True)
class CheckRisk:
    """The use case; ``reference`` prices what an order is worth."""

    risk: Risk
    reference: Reference
    clock: Clock

    def standing(self, client_id: str) -> Standing:
        """Return a client's limits as they are stored, and what it has used of today."""
        limits = self.risk.limits(client_id).get(client_id, RiskLimits())
        day = utc_day(self.clock.now())
        return Standing(limits, day, self.risk.used(client_id, day, limits.settlement))

    def placing(self, limits: RiskLimits | None, client_id: str, request: RouteRequest, *, waits: bool) -> None:
        """Raise ``RiskRefused`` for an order that the limits forbid; ``NoVenue`` where it cannot be valued.

        What today has left is asked of an order that is executed at once; the day of one that ``waits`` is not
        known yet, but more than a whole day's limit it may never be worth.
        """
        if limits is None:
            return
        check_request(limits, request)
        if limits.needs_notional:
            worth = self._worth(limits, request, {})
            check_notional(limits, worth)
            day = utc_day(self.clock.now())
            asks = limits.max_daily is not None and not waits
            check_day(limits, self.risk.used(client_id, day, limits.settlement) if asks else 0, worth)

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
        day = utc_day(self.clock.now())
        check_day(limits, self.risk.used(order.client_id, day, limits.settlement), worth)
        return Reservation(day, worth, limits.settlement)

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
