"""Each venue's own quote for an order, and which of them is best.

Best is what the trader nets, fees included: the most out for an exact input, the least in for an exact
output. Ties go to the deeper pool, then to the faster answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools.base import Pool
from dexec.domain.pools.refusals import UndeterminedExactOut
from dexec.domain.quote import Mode, Quote, Reading, RouteRequest, VenueTrouble

ONE_PERCENT_WORSE = (99, 100)


def quote_venues(request: RouteRequest, readings: Sequence[Reading]) -> list[Quote]:
    """Return the best whole-order quote of each reading that has one, best first."""
    quotes = []
    for reading in readings:
        offers = [offer for offer in _offers(request, reading) if offer is not None]
        if offers:
            quotes.append(min(offers, key=lambda offer: rank(request.mode, offer)))
    return sorted(quotes, key=lambda quote: rank(request.mode, quote))


def rank(mode: Mode, quote: Quote) -> tuple[int, int, int]:
    """Return the sort key of a quote: the best comes first."""
    nets = -quote.amount_out if mode is Mode.EXACT_IN else quote.amount_in
    return nets, -quote.depth_out, quote.latency_ms


def direct_pools(reading: Reading, token_in: str, token_out: str) -> list[Pool]:
    """Return the pools of ``reading`` that trade the pair."""
    wanted = {token_in, token_out}
    return [pool for pool in reading.pools if {pool.token_x, pool.token_y} == wanted]


def refusals(request: RouteRequest, readings: Sequence[Reading]) -> Iterator[VenueTrouble]:
    """Yield the venues with a pool whose program cannot give just the output asked for, and why."""
    for reading in readings if request.mode is Mode.EXACT_OUT else ():
        for pool in direct_pools(reading, request.token_in, request.token_out):
            try:
                pool.curve(request.token_in).exact_out(request.amount)
            except UndeterminedExactOut as exc:
                yield VenueTrouble(reading.venue, f"{exc}; a slightly different amount may do")
            except InsufficientLiquidity:
                continue


def _offers(request: RouteRequest, reading: Reading) -> Iterator[Quote | None]:
    for pool in direct_pools(reading, request.token_in, request.token_out):
        yield _quote_pool(request, reading, pool)


def _quote_pool(request: RouteRequest, reading: Reading, pool: Pool) -> Quote | None:
    curve = pool.curve(request.token_in)
    try:
        exact_in = request.mode is Mode.EXACT_IN
        amount_in = request.amount if exact_in else curve.exact_out(request.amount)
        swap = curve.swap(amount_in)
    except InsufficientLiquidity:
        return None
    amount_out = swap.amount_out if exact_in else request.amount
    if amount_out == 0 or max(amount_in, amount_out) > MAX_BASE_UNITS:
        return None
    worse, whole = ONE_PERCENT_WORSE
    return Quote(
        venue=reading.venue,
        pool_id=pool.id,
        slot=reading.slot,
        latency_ms=reading.latency_ms,
        amount_in=amount_in,
        amount_out=amount_out,
        base_fee=swap.base_fee,
        variable_fee=swap.variable_fee,
        mid=curve.mid,
        depth_out=curve.respond(curve.best_price * worse // whole)[1],
        output_fee=swap.output_fee,
    )
