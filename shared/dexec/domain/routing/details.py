"""The client-visible form of a route and a fill: JSON-ready, camelCase, amounts as plain decimals.

Amounts and prices are strings in token units (nothing is rounded but prices and percentages, which are
only shown); bps, shares, scores, slots and milliseconds are numbers or short strings.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NotRequired, TypedDict

from dexec.domain.quote import Alternative, Fill, Leg, Mode, Quote, Route
from dexec.domain.routing.costs import CostDetails, cost_details
from dexec.domain.routing.legs import decimals_of, format_units

SIGNIFICANT = 10
"""Digits shown of a price."""


class QuoteDetails(TypedDict):
    """One venue's quote; ``effectivePrice`` = ``price`` * (1 + ``slippage``), the fee not yet taken off."""

    venue: str
    price: str
    slippage: str
    effectivePrice: str
    fee: str
    liquidityScore: int
    latencyMs: int
    amountIn: str
    amountOut: str
    slot: int
    pool: str


class FeeDetails(TypedDict):
    """A fee in units of the token paid in, and what is taken from the token that comes out, if anything."""

    token: str
    base: str
    variable: str
    output: NotRequired[str]


class LegDetails(TypedDict):
    """One leg, as quoted or as filled."""

    venue: str
    pool: str
    hop: int
    tokenIn: str
    tokenOut: str
    shareBps: int
    amountIn: str
    amountOut: str
    price: str
    priceImpactBps: str
    fee: FeeDetails
    slot: int


class AlternativeDetails(TypedDict):
    """A route not taken, and its cost against the one taken."""

    route: str
    amountIn: str
    amountOut: str
    costBps: str


class VenueFailureDetails(TypedDict):
    """A venue that was left out."""

    venue: str
    reason: str


class RouteDetails(TypedDict):
    """A route; ``minAmountOut`` for exact in, ``maxAmountIn`` for exact out."""

    mode: str
    tokenIn: str
    tokenOut: str
    amountIn: str
    amountOut: str
    minAmountOut: NotRequired[str]
    maxAmountIn: NotRequired[str]
    reason: str
    legs: list[LegDetails]
    quotes: list[QuoteDetails]
    alternatives: list[AlternativeDetails]
    costs: CostDetails
    bound: str
    gapBps: str
    leftOut: list[VenueFailureDetails]
    slot: int


class FillDetails(TypedDict):
    """What happened on chain; ``price`` is token out per token in over the whole fill."""

    amountIn: str
    amountOut: str
    price: str
    legs: list[LegDetails]
    slot: int


def route_details(route: Route) -> RouteDetails:
    """Return ``route`` as clients see it."""
    settled = route.token_out if route.mode is Mode.EXACT_IN else route.token_in
    details = RouteDetails(
        mode=route.mode.value,
        tokenIn=route.token_in,
        tokenOut=route.token_out,
        amountIn=format_units(route.amount_in, route.token_in),
        amountOut=format_units(route.amount_out, route.token_out),
        reason=route.reason,
        legs=[_leg(leg) for leg in route.legs],
        quotes=[_quote(quote, route) for quote in route.quotes],
        alternatives=[_alternative(other, route) for other in route.alternatives],
        costs=cost_details(route),
        bound=format_units(route.bound, settled),
        gapBps=format_fixed(route.gap_bps, 4),
        leftOut=[
            VenueFailureDetails(venue=failure.venue, reason=failure.reason) for failure in route.skipped
        ],
        slot=route.slot,
    )
    if route.mode is Mode.EXACT_IN:
        details["minAmountOut"] = format_units(route.limit, route.token_out)
    else:
        details["maxAmountIn"] = format_units(route.limit, route.token_in)
    return details


def fill_details(fill: Fill, token_in: str, token_out: str) -> FillDetails:
    """Return ``fill`` as clients see it."""
    price = Fraction(fill.amount_out, fill.amount_in)
    return FillDetails(
        amountIn=format_units(fill.amount_in, token_in),
        amountOut=format_units(fill.amount_out, token_out),
        price=format_price(price, token_in, token_out),
        legs=[_leg(leg) for leg in fill.legs],
        slot=fill.slot,
    )


def _quote(quote: Quote, route: Route) -> QuoteDetails:
    return QuoteDetails(
        venue=quote.venue,
        price=format_price(quote.mid, route.token_in, route.token_out),
        slippage=format_fixed(quote.price_impact, 8),
        effectivePrice=format_price(quote.effective_price, route.token_in, route.token_out),
        fee=format_fixed(quote.fee_fraction, 6),
        liquidityScore=quote.liquidity_score,
        latencyMs=quote.latency_ms,
        amountIn=format_units(quote.amount_in, route.token_in),
        amountOut=format_units(quote.amount_out, route.token_out),
        slot=quote.slot,
        pool=quote.pool_id,
    )


def _leg(leg: Leg) -> LegDetails:
    return LegDetails(
        venue=leg.venue,
        pool=leg.pool_id,
        hop=leg.hop,
        tokenIn=leg.token_in,
        tokenOut=leg.token_out,
        shareBps=leg.share_bps,
        amountIn=format_units(leg.amount_in, leg.token_in),
        amountOut=format_units(leg.amount_out, leg.token_out),
        price=format_price(leg.mid, leg.token_in, leg.token_out),
        priceImpactBps=format_fixed(leg.price_impact * 10_000, 4),
        fee=_fee(leg),
        slot=leg.slot,
    )


def _fee(leg: Leg) -> FeeDetails:
    details = FeeDetails(
        token=leg.token_in,
        base=format_units(leg.base_fee, leg.token_in),
        variable=format_units(leg.variable_fee, leg.token_in),
    )
    if leg.output_fee:
        details["output"] = format_units(leg.output_fee, leg.token_out)
    return details


def _alternative(other: Alternative, route: Route) -> AlternativeDetails:
    return AlternativeDetails(
        route=other.description,
        amountIn=format_units(other.amount_in, route.token_in),
        amountOut=format_units(other.amount_out, route.token_out),
        costBps=format_fixed(other.cost_bps, 2),
    )


def format_price(price: Fraction, token_in: str, token_out: str) -> str:
    """Return a price in base units as a plain decimal in token units, ``SIGNIFICANT`` digits."""
    if price <= 0:
        return "0"
    numerator = price.numerator * 10 ** decimals_of(token_in)
    denominator = price.denominator * 10 ** decimals_of(token_out)
    magnitude = len(str(numerator)) - len(str(denominator))
    return _format_ratio(numerator, denominator, max(0, SIGNIFICANT - magnitude))


def format_fixed(value: Fraction, places: int) -> str:
    """Return ``value`` rounded half up to ``places`` decimals, without trailing zeros."""
    return _format_ratio(value.numerator, value.denominator, places)


def _format_ratio(numerator: int, denominator: int, places: int) -> str:
    # On integers: a Fraction looks for common factors at every step, and a decision has some twenty figures.
    scaled = (2 * abs(numerator) * 10**places + denominator) // (2 * denominator)
    text = (
        f"{scaled // 10**places}.{scaled % 10**places:0{places}d}".rstrip("0").rstrip(".")
        if places
        else str(scaled)
    )
    return f"-{text}" if numerator < 0 and scaled else text
