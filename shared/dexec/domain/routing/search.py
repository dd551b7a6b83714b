"""Finding the route of an order over what the venues answered."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from dexec.domain.errors import InsufficientLiquidity, NoVenue
from dexec.domain.pools.base import PRICE_BITS, ceil_div
from dexec.domain.quote import (
    BPS,
    Alternative,
    Mode,
    Quote,
    Reading,
    Route,
    RouteRequest,
    VenueTrouble,
    slippage_limit,
)
from dexec.domain.routing.legs import make_leg, with_shares
from dexec.domain.routing.single import direct_pools, quote_venues


def find_route(
    request: RouteRequest,
    readings: Sequence[Reading],
    *,
    troubles: Sequence[VenueTrouble] = (),
    leg_cost: int = 0,
) -> Route:
    """Return the best route for ``request`` over ``readings``.

    ``leg_cost`` is what each leg costs beside its fees, in base units of the token whose amount is open
    (token out for exact in, token in for exact out). ``troubles`` are venues that could not be asked.
    Raises ``NoVenue`` when no venue has a pool to offer, ``InsufficientLiquidity`` when pools exist but
    none can trade that much.
    """
    pools = {
        pool.id: pool
        for reading in readings
        for pool in direct_pools(reading, request.token_in, request.token_out)
    }
    if not pools:
        why = "; ".join(f"{trouble.venue}: {trouble.reason}" for trouble in troubles) or "none was asked"
        raise NoVenue(f"no venue trades {request.token_in} for {request.token_out} now ({why})")
    quotes = quote_venues(request, readings)
    if not quotes:
        raise InsufficientLiquidity(f"no pool can trade that much {request.token_in} for {request.token_out}")
    best = quotes[0]
    pool = pools[best.pool_ids[0]]
    exact_out = best.amount_out if request.mode is Mode.EXACT_OUT else None
    leg = make_leg(pool, request.token_in, best.amount_in, hop=1, slot=best.slot, amount_out=exact_out)
    curves = [pool.curve(request.token_in) for pool in pools.values()]
    price = (best.amount_out << PRICE_BITS) // best.amount_in
    surplus = sum(curve.surplus(price) for curve in curves)
    exact_in = request.mode is Mode.EXACT_IN
    if exact_in:
        bound = (price * best.amount_in + surplus) >> PRICE_BITS
    else:
        bound = ceil_div((best.amount_out << PRICE_BITS) - surplus, price)
    return Route(
        mode=request.mode,
        token_in=request.token_in,
        token_out=request.token_out,
        amount_in=best.amount_in,
        amount_out=best.amount_out,
        limit=slippage_limit(request.mode, best.amount_in, best.amount_out, request.slippage_bps),
        legs=with_shares([leg]),
        quotes=tuple(quotes),
        alternatives=tuple(_alternative(request.mode, best, other) for other in quotes[1:]),
        reason=f"{best.venue} nets the most",
        leg_cost=leg_cost,
        bound=bound,
        gap_bps=_cost_bps(exact_in, bound, best.amount_out if exact_in else best.amount_in),
        left_out=tuple(troubles),
        slot=best.slot,
    )


def _alternative(mode: Mode, best: Quote, other: Quote) -> Alternative:
    if mode is Mode.EXACT_IN:
        cost = _cost_bps(True, best.amount_out, other.amount_out)
    else:
        cost = _cost_bps(False, best.amount_in, other.amount_in)
    return Alternative(f"all on {other.venue}", other.amount_in, other.amount_out, cost)


def _cost_bps(exact_in: bool, better: int, worse: int) -> Fraction:
    return Fraction((better - worse if exact_in else worse - better) * BPS, better)
