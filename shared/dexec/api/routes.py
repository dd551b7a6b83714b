"""The client-visible form of routes and fills: JSON-ready, camelCase, amounts as plain decimals.

Amounts, prices and percentages are strings, in token units; shares, scores, slots and times are numbers.
"""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from pydantic import Field

from dexec.domain.amounts import format_amount, format_decimal
from dexec.domain.quote import Mode
from dexec.domain.recorded import (
    COST_DIGITS,
    RecordedAlternative,
    RecordedCosts,
    RecordedFill,
    RecordedLeg,
    RecordedQuote,
    RecordedRoute,
)
from dexec.domain.tokens import decimals_of, format_units

Decimal = Annotated[str, Field(json_schema_extra={"format": "decimal"})]
"""A decimal number as text, such as ``-0.25``: clients must not read it as a binary float."""


class QuoteDetails(TypedDict):
    """One venue's quote; ``effectivePrice`` = ``price`` * (1 + ``slippage``), the fee not yet taken off."""

    venue: str
    price: Decimal
    slippage: Decimal
    effectivePrice: Decimal
    fee: Decimal
    liquidityScore: int
    latencyMs: int
    amountIn: Decimal
    amountOut: Decimal
    slot: int
    pool: str


class FeeDetails(TypedDict):
    """A fee in units of the token paid in, and what is taken from the token that comes out, if anything."""

    token: str
    base: Decimal
    variable: Decimal
    output: NotRequired[Decimal]


class LegDetails(TypedDict):
    """One leg, as quoted or as filled."""

    venue: str
    pool: str
    hop: int
    tokenIn: str
    tokenOut: str
    shareBps: int
    amountIn: Decimal
    amountOut: Decimal
    price: Decimal
    priceImpactBps: Decimal
    fee: FeeDetails
    slot: int


class AlternativeDetails(TypedDict):
    """A route not taken, and its cost against the one taken."""

    route: str
    amountIn: Decimal
    amountOut: Decimal
    costBps: Decimal


class VenueFailureDetails(TypedDict):
    """A venue that was left out."""

    venue: str
    reason: str


class CostDetails(TypedDict):
    """Costs in units of ``token``; reference less (exact in) or plus (exact out) all costs is the quote."""

    token: str
    reference: Decimal
    fees: Decimal
    impact: Decimal
    rounding: Decimal


class RouteDetails(TypedDict):
    """A route; ``minAmountOut`` for exact in, ``maxAmountIn`` for exact out."""

    mode: str
    tokenIn: str
    tokenOut: str
    amountIn: Decimal
    amountOut: Decimal
    minAmountOut: NotRequired[Decimal]
    maxAmountIn: NotRequired[Decimal]
    reason: str
    legs: list[LegDetails]
    quotes: list[QuoteDetails]
    alternatives: list[AlternativeDetails]
    costs: CostDetails
    bound: Decimal
    gapBps: Decimal
    leftOut: list[VenueFailureDetails]
    slot: int


class FillDetails(TypedDict):
    """What happened on chain; ``price`` is token out per token in over the whole fill."""

    amountIn: Decimal
    amountOut: Decimal
    price: Decimal
    legs: list[LegDetails]
    slot: int


def route_details(route: RecordedRoute) -> RouteDetails:
    """Return ``route`` as clients see it."""
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
        costs=_costs(route.costs),
        bound=format_units(route.bound, route.open_token),
        gapBps=format_decimal(route.gap_bps),
        leftOut=[VenueFailureDetails(venue=failed.venue, reason=failed.reason) for failed in route.skipped],
        slot=route.slot,
    )
    limit = format_units(route.limit, route.open_token)
    if route.mode is Mode.EXACT_IN:
        details["minAmountOut"] = limit
    else:
        details["maxAmountIn"] = limit
    return details


def fill_details(fill: RecordedFill) -> FillDetails:
    """Return ``fill`` as clients see it."""
    return FillDetails(
        amountIn=format_units(fill.amount_in, fill.token_in),
        amountOut=format_units(fill.amount_out, fill.token_out),
        price=format_decimal(fill.price),
        legs=[_leg(leg) for leg in fill.legs],
        slot=fill.slot,
    )


def _quote(quote: RecordedQuote, route: RecordedRoute) -> QuoteDetails:
    return QuoteDetails(
        venue=quote.venue,
        price=format_decimal(quote.price),
        slippage=format_decimal(quote.price_impact),
        effectivePrice=format_decimal(quote.effective_price),
        fee=format_decimal(quote.fee),
        liquidityScore=quote.liquidity_score,
        latencyMs=quote.latency_ms,
        amountIn=format_units(quote.amount_in, route.token_in),
        amountOut=format_units(quote.amount_out, route.token_out),
        slot=quote.slot,
        pool=quote.pool_id,
    )


def _leg(leg: RecordedLeg) -> LegDetails:
    return LegDetails(
        venue=leg.venue,
        pool=leg.pool_id,
        hop=leg.hop,
        tokenIn=leg.token_in,
        tokenOut=leg.token_out,
        shareBps=leg.share_bps,
        amountIn=format_units(leg.amount_in, leg.token_in),
        amountOut=format_units(leg.amount_out, leg.token_out),
        price=format_decimal(leg.price),
        priceImpactBps=format_decimal(leg.price_impact_bps),
        fee=_fee(leg),
        slot=leg.slot,
    )


def _fee(leg: RecordedLeg) -> FeeDetails:
    details = FeeDetails(
        token=leg.token_in,
        base=format_units(leg.base_fee, leg.token_in),
        variable=format_units(leg.variable_fee, leg.token_in),
    )
    if leg.output_fee:
        details["output"] = format_units(leg.output_fee, leg.token_out)
    return details


def _alternative(other: RecordedAlternative, route: RecordedRoute) -> AlternativeDetails:
    return AlternativeDetails(
        route=other.description,
        amountIn=format_units(other.amount_in, route.token_in),
        amountOut=format_units(other.amount_out, route.token_out),
        costBps=format_decimal(other.cost_bps),
    )


def _costs(costs: RecordedCosts) -> CostDetails:
    digits = decimals_of(costs.token) + COST_DIGITS
    return CostDetails(
        token=costs.token,
        reference=format_amount(costs.reference, digits),
        fees=format_amount(costs.fees, digits),
        impact=format_amount(costs.impact, digits),
        rounding=format_amount(costs.rounding, digits),
    )
