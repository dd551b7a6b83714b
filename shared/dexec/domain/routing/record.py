"""Recording a route or a fill: amounts stay exact, figures that are only read become decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from dexec.domain.arithmetic import BPS
from dexec.domain.quote import Alternative, Fill, Leg, Quote, Route
from dexec.domain.recorded import (
    RecordedAlternative,
    RecordedFill,
    RecordedLeg,
    RecordedQuote,
    RecordedRoute,
)
from dexec.domain.routing.costs import recorded_costs
from dexec.domain.tokens import decimals_of

SIGNIFICANT = 10
"""Digits kept of a price."""


def record_route(route: Route) -> RecordedRoute:
    """Return what is kept of ``route``."""
    return RecordedRoute(
        mode=route.mode,
        token_in=route.token_in,
        token_out=route.token_out,
        amount_in=route.amount_in,
        amount_out=route.amount_out,
        limit=route.limit,
        reason=route.reason,
        legs=tuple(map(_leg, route.legs)),
        quotes=tuple(_quote(quote, route) for quote in route.quotes),
        alternatives=tuple(map(_alternative, route.alternatives)),
        costs=recorded_costs(route),
        bound=route.bound,
        gap_bps=rounded(route.gap_bps, 4),
        skipped=route.skipped,
        slot=route.slot,
    )


def record_fill(fill: Fill, token_in: str, token_out: str) -> RecordedFill:
    """Return what is kept of ``fill``."""
    price = rounded_price(Fraction(fill.amount_out, fill.amount_in), token_in, token_out)
    legs = tuple(map(_leg, fill.legs))
    return RecordedFill(token_in, token_out, fill.amount_in, fill.amount_out, price, legs, fill.slot)


def _quote(quote: Quote, route: Route) -> RecordedQuote:
    return RecordedQuote(
        venue=quote.venue,
        pool_id=quote.pool_id,
        price=rounded_price(quote.mid, route.token_in, route.token_out),
        price_impact=rounded(quote.price_impact, 8),
        effective_price=rounded_price(quote.effective_price, route.token_in, route.token_out),
        fee=rounded(quote.fee_fraction, 6),
        liquidity_score=quote.liquidity_score,
        latency_ms=quote.latency_ms,
        amount_in=quote.amount_in,
        amount_out=quote.amount_out,
        slot=quote.slot,
    )


def _leg(leg: Leg) -> RecordedLeg:
    return RecordedLeg(
        venue=leg.venue,
        pool_id=leg.pool_id,
        hop=leg.hop,
        token_in=leg.token_in,
        token_out=leg.token_out,
        share_bps=leg.share_bps,
        amount_in=leg.amount_in,
        amount_out=leg.amount_out,
        price=rounded_price(leg.mid, leg.token_in, leg.token_out),
        price_impact_bps=rounded(leg.price_impact * BPS, 4),
        base_fee=leg.base_fee,
        variable_fee=leg.variable_fee,
        output_fee=leg.output_fee,
        slot=leg.slot,
    )


def _alternative(other: Alternative) -> RecordedAlternative:
    cost_bps = rounded(other.cost_bps, 2)
    return RecordedAlternative(other.description, other.amount_in, other.amount_out, cost_bps)


def rounded_price(price: Fraction, token_in: str, token_out: str) -> Decimal:
    """Return a price in base units as a decimal in token units, ``SIGNIFICANT`` digits."""
    numerator = price.numerator * 10 ** decimals_of(token_in)
    denominator = price.denominator * 10 ** decimals_of(token_out)
    magnitude = len(str(numerator)) - len(str(denominator))
    return _rounded_ratio(numerator, denominator, max(0, SIGNIFICANT - magnitude))


def rounded(value: Fraction, places: int) -> Decimal:
    """Return ``value`` rounded half up to ``places`` decimals."""
    return _rounded_ratio(value.numerator, value.denominator, places)


def _rounded_ratio(numerator: int, denominator: int, places: int) -> Decimal:
    # On integers: a Fraction looks for common factors at every step, and a decision has some twenty figures.
    scaled = (2 * abs(numerator) * 10**places + denominator) // (2 * denominator)
    return Decimal(f"{'-' if numerator < 0 and scaled else ''}{scaled}E-{places}")
