"""An upper bound on any route, by weak duality: the Lagrangian dual of the routing problem.

Give every token a price. A pool that trades a for b cannot gain more, at those prices, than its *surplus*:
the most that b's value can exceed a's. So whatever the route, what comes out is worth at most what goes in
plus the surpluses of the pools that it uses, each less the cost of the leg. It uses some: one pool at least,
and one of each hop of a path. So the bound counts those that gain, or, where none does, the one that loses
least. That holds for any prices and for curves of any shape; at the prices of the optimum of concave curves
it is tight.

Boyd and Vandenberghe, "Convex Optimization", 5.1 and 5.2; for pools, Diamandis et al., "An Efficient
Algorithm for Optimal Routing Through Constant Function Market Makers" (2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dexec.domain.arithmetic import ceil_div
from dexec.domain.pools.base import PRICE_BITS
from dexec.domain.quote import EXACT_OUT, Mode
from dexec.domain.routing.paths import Hop, Path


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be routed: ``amount`` in or, for ``EXACT_OUT``, out; ``leg_cost`` in units of the other."""

    amount: int
    mode: Mode
    leg_cost: int


def best_bound(
    paths: Sequence[Path], demand: Demand, prices: Iterable[int], via_prices: Mapping[str, Sequence[int]]
) -> int:
    """Return the tightest bound over ``prices`` (token out per token in, marginal).

    No route nets more than this from the amount in, or none takes less for an exact amount out.
    ``via_prices`` are candidates for the value of a token between hops, in token out.
    """
    bounds = [_bound(paths, demand, max(1, price), via_prices) for price in prices]
    return max(bounds) if demand.mode is EXACT_OUT else min(bounds)


def _bound(paths: Sequence[Path], demand: Demand, price: int, via_prices: Mapping[str, Sequence[int]]) -> int:
    exact_out = demand.mode is EXACT_OUT
    leg_cost = demand.leg_cost * price if exact_out else demand.leg_cost << PRICE_BITS
    gains = [
        _gain(path.hops[0], price, 1 << PRICE_BITS, leg_cost)
        if path.via_token is None
        else _path_gain(path, price, leg_cost, via_prices.get(path.via_token, ()))
        for path in paths
    ]
    surplus = _most(gains)
    if exact_out:
        return max(0, ceil_div((demand.amount << PRICE_BITS) - surplus, price))
    return price * demand.amount + surplus >> PRICE_BITS


def _path_gain(path: Path, price: int, leg_cost: int, candidates: Sequence[int]) -> int:
    """Return the least gain of both hops over the values tried for the token between them.

    At the best price of the second hop that hop gains nothing, at ``price`` over the best price of the
    first that one gains nothing: where no path is worth taking, one of the two is 0 altogether.
    """
    first, second = path.hops
    values = {*candidates, second.best_price, -(-(price << PRICE_BITS) // max(1, first.best_price))}
    return min(
        _gain(first, price, value, leg_cost) + _gain(second, value, 1 << PRICE_BITS, leg_cost)
        for value in values
        if value > 0
    )


def _gain(hop: Hop, value_in: int, value_out: int, leg_cost: int) -> int:
    """Return the most that the hop's pools can gain, in token out times 2^64, as ``leg_cost`` is.

    One of them is used at least. A pool's surplus is counted in its own token out at the price in / out; both
    roundings go up.
    """
    price = (value_in << PRICE_BITS) // value_out
    return _most(
        [ceil_div(curve.surplus(price) * value_out, 1 << PRICE_BITS) - leg_cost for curve in hop.curves]
    )


def _most(gains: Sequence[int]) -> int:
    """Return the most that some of these can gain together, one at least."""
    return sum(gain for gain in gains if gain > 0) or max(gains)
