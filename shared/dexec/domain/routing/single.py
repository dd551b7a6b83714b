"""Routing, the baseline: the best quote of each venue alone, and their order.

Best is what the trader nets, fees included: the most out for an exact input, the least in for an exact
output. Ties go to the deeper pool, then to the faster answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools.base import Pool
from dexec.domain.pools.refusals import UndeterminedExactOut
from dexec.domain.quote import Mode, PoolSnapshot, Quote, RouteRequest, VenueFailure

ONE_PERCENT_WORSE = (99, 100)


def quote_venues(request: RouteRequest, snapshots: Sequence[PoolSnapshot]) -> list[Quote]:
    """Return the best whole-order quote of each snapshot that has one, best first."""
    quotes = []
    for snapshot in snapshots:
        offers = [offer for offer in _offers(request, snapshot) if offer is not None]
        if offers:
            quotes.append(min(offers, key=lambda offer: rank(request.mode, offer)))
    return sorted(quotes, key=lambda quote: rank(request.mode, quote))


def rank(mode: Mode, quote: Quote) -> tuple[int, int, int]:
    """Return the sort key of a quote: the best comes first."""
    nets = -quote.amount_out if mode is Mode.EXACT_IN else quote.amount_in
    return nets, -quote.depth_out, quote.latency_ms


def direct_pools(snapshot: PoolSnapshot, token_in: str, token_out: str) -> list[Pool]:
    """Return the pools of ``snapshot`` that trade the pair."""
    wanted = {token_in, token_out}
    return [pool for pool in snapshot.pools if {pool.token_x, pool.token_y} == wanted]


def refusals(request: RouteRequest, snapshots: Sequence[PoolSnapshot]) -> Iterator[VenueFailure]:
    """Yield the venues with a pool whose program cannot give just the output asked for, and why."""
    for snapshot in snapshots if request.mode is Mode.EXACT_OUT else ():
        for pool in direct_pools(snapshot, request.token_in, request.token_out):
            try:
                pool.curve(request.token_in).exact_out(request.amount)
            except UndeterminedExactOut as exc:
                yield VenueFailure(snapshot.venue, f"{exc}; a slightly different amount may do")
            except InsufficientLiquidity:
                continue


def _offers(request: RouteRequest, snapshot: PoolSnapshot) -> Iterator[Quote | None]:
    for pool in direct_pools(snapshot, request.token_in, request.token_out):
        yield _quote_pool(request, snapshot, pool)


def _quote_pool(request: RouteRequest, snapshot: PoolSnapshot, pool: Pool) -> Quote | None:
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
        venue=snapshot.venue,
        pool_id=pool.id,
        slot=snapshot.slot,
        latency_ms=snapshot.latency_ms,
        amount_in=amount_in,
        amount_out=amount_out,
        base_fee=swap.base_fee,
        variable_fee=swap.variable_fee,
        mid=curve.mid,
        depth_out=curve.respond(curve.best_price * worse // whole)[1],
        output_fee=swap.output_fee,
    )
