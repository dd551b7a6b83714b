"""Encoding of routes and fills as JSON objects: amounts as plain decimals in whole tokens."""

from __future__ import annotations

from decimal import Decimal

from dexec.adapters.postgres.json_text import Fields
from dexec.domain.amounts import format_amount, format_decimal
from dexec.domain.quote import Mode, VenueFailure
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


def encode_route(route: RecordedRoute) -> Fields:
    """Return a route as a JSON object."""
    into, out = decimals_of(route.token_in), decimals_of(route.token_out)
    exact_in = route.mode is Mode.EXACT_IN
    return {
        "mode": route.mode.value,
        "tokenIn": route.token_in,
        "tokenOut": route.token_out,
        "amountIn": format_amount(route.amount_in, into),
        "amountOut": format_amount(route.amount_out, out),
        "reason": route.reason,
        "legs": [_leg(leg) for leg in route.legs],
        "quotes": [_quote(quote, into, out) for quote in route.quotes],
        "alternatives": [_alternative(other, into, out) for other in route.alternatives],
        "costs": _costs(route.costs),
        "bound": format_amount(route.bound, out if exact_in else into),
        "gapBps": format_decimal(route.gap_bps),
        "leftOut": [{"venue": one.venue, "reason": one.reason} for one in route.skipped],
        "slot": route.slot,
        "minAmountOut" if exact_in else "maxAmountIn": format_amount(route.limit, out if exact_in else into),
    }


def decode_route(fields: Fields) -> RecordedRoute:
    """Read what ``encode_route`` made."""
    mode, token_in, token_out = Mode(fields["mode"]), fields["tokenIn"], fields["tokenOut"]
    into, out = decimals_of(token_in), decimals_of(token_out)
    limit, decimals = ("minAmountOut", out) if mode is Mode.EXACT_IN else ("maxAmountIn", into)
    return RecordedRoute(
        mode=mode,
        token_in=token_in,
        token_out=token_out,
        amount_in=parse_units(fields["amountIn"], into),
        amount_out=parse_units(fields["amountOut"], out),
        limit=parse_units(fields[limit], decimals),
        reason=fields["reason"],
        legs=tuple(map(_decode_leg, fields["legs"])),
        quotes=tuple(_decode_quote(quote, into, out) for quote in fields["quotes"]),
        alternatives=tuple(_decode_alternative(other, into, out) for other in fields["alternatives"]),
        costs=_decode_costs(fields["costs"]),
        bound=parse_units(fields["bound"], decimals),
        gap_bps=Decimal(fields["gapBps"]),
        skipped=tuple(VenueFailure(one["venue"], one["reason"]) for one in fields["leftOut"]),
        slot=fields["slot"],
    )


def encode_fill(fill: RecordedFill) -> Fields:
    """Return a fill as a JSON object."""
    return {
        "amountIn": format_units(fill.amount_in, fill.token_in),
        "amountOut": format_units(fill.amount_out, fill.token_out),
        "price": format_decimal(fill.price),
        "legs": [_leg(leg) for leg in fill.legs],
        "slot": fill.slot,
    }


def decode_fill(fields: Fields) -> RecordedFill:
    """Read what ``encode_fill`` made."""
    # The tokens of a fill stand in its legs, which are in the order of their hops.
    legs = tuple(map(_decode_leg, fields["legs"]))
    token_in, token_out = legs[0].token_in, legs[-1].token_out
    return RecordedFill(
        token_in=token_in,
        token_out=token_out,
        amount_in=parse_units(fields["amountIn"], decimals_of(token_in)),
        amount_out=parse_units(fields["amountOut"], decimals_of(token_out)),
        price=Decimal(fields["price"]),
        legs=legs,
        slot=fields["slot"],
    )


def _leg(leg: RecordedLeg) -> Fields:
    into, out = decimals_of(leg.token_in), decimals_of(leg.token_out)
    fee = {
        "token": leg.token_in,
        "base": format_amount(leg.base_fee, into),
        "variable": format_amount(leg.variable_fee, into),
    }
    if leg.output_fee:
        fee["output"] = format_amount(leg.output_fee, out)
    return {
        "venue": leg.venue,
        "pool": leg.pool_id,
        "hop": leg.hop,
        "tokenIn": leg.token_in,
        "tokenOut": leg.token_out,
        "shareBps": leg.share_bps,
        "amountIn": format_amount(leg.amount_in, into),
        "amountOut": format_amount(leg.amount_out, out),
        "price": format_decimal(leg.price),
        "priceImpactBps": format_decimal(leg.price_impact_bps),
        "fee": fee,
        "slot": leg.slot,
    }


def _decode_leg(fields: Fields) -> RecordedLeg:
    token_in, token_out, fee = fields["tokenIn"], fields["tokenOut"], fields["fee"]
    into, out = decimals_of(token_in), decimals_of(token_out)
    return RecordedLeg(
        venue=fields["venue"],
        pool_id=fields["pool"],
        hop=fields["hop"],
        token_in=token_in,
        token_out=token_out,
        share_bps=fields["shareBps"],
        amount_in=parse_units(fields["amountIn"], into),
        amount_out=parse_units(fields["amountOut"], out),
        price=Decimal(fields["price"]),
        price_impact_bps=Decimal(fields["priceImpactBps"]),
        base_fee=parse_units(fee["base"], into),
        variable_fee=parse_units(fee["variable"], into),
        output_fee=parse_units(fee.get("output", "0"), out),
        slot=fields["slot"],
    )


def _quote(quote: RecordedQuote, into: int, out: int) -> Fields:
    return {
        "venue": quote.venue,
        "price": format_decimal(quote.price),
        "slippage": format_decimal(quote.price_impact),
        "effectivePrice": format_decimal(quote.effective_price),
        "fee": format_decimal(quote.fee),
        "liquidityScore": quote.liquidity_score,
        "latencyMs": quote.latency_ms,
        "amountIn": format_amount(quote.amount_in, into),
        "amountOut": format_amount(quote.amount_out, out),
        "slot": quote.slot,
        "pool": quote.pool_id,
    }


def _decode_quote(fields: Fields, into: int, out: int) -> RecordedQuote:
    return RecordedQuote(
        venue=fields["venue"],
        pool_id=fields["pool"],
        price=Decimal(fields["price"]),
        price_impact=Decimal(fields["slippage"]),
        effective_price=Decimal(fields["effectivePrice"]),
        fee=Decimal(fields["fee"]),
        liquidity_score=fields["liquidityScore"],
        latency_ms=fields["latencyMs"],
        amount_in=parse_units(fields["amountIn"], into),
        amount_out=parse_units(fields["amountOut"], out),
        slot=fields["slot"],
    )


def _alternative(other: RecordedAlternative, into: int, out: int) -> Fields:
    return {
        "route": other.description,
        "amountIn": format_amount(other.amount_in, into),
        "amountOut": format_amount(other.amount_out, out),
        "costBps": format_decimal(other.cost_bps),
    }


def _decode_alternative(fields: Fields, into: int, out: int) -> RecordedAlternative:
    amount_in, amount_out = parse_units(fields["amountIn"], into), parse_units(fields["amountOut"], out)
    return RecordedAlternative(fields["route"], amount_in, amount_out, Decimal(fields["costBps"]))


def _costs(costs: RecordedCosts) -> Fields:
    digits = decimals_of(costs.token) + COST_DIGITS
    return {
        "token": costs.token,
        "reference": format_amount(costs.reference, digits),
        "fees": format_amount(costs.fees, digits),
        "impact": format_amount(costs.impact, digits),
        "rounding": format_amount(costs.rounding, digits),
    }


def _decode_costs(fields: Fields) -> RecordedCosts:
    digits = decimals_of(fields["token"]) + COST_DIGITS
    names = ("reference", "fees", "impact", "rounding")
    return RecordedCosts(fields["token"], *(parse_units(fields[name], digits) for name in names))


def parse_units(text: str, decimals: int) -> int:
    """Return a plain decimal in units of its last place; ``ValueError`` where it has more places."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        raise ValueError(f"{text!r} has more than {decimals} decimals")
    return int(whole + fraction.ljust(decimals, "0"))
