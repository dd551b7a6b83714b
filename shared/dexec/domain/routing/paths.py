"""Routing over one path: of one hop or two, each hop split over all pools of its pair.

The paths of an order share no pool, so each is solved on its own; an order may run over several of them.
Exact in, amounts are carried forwards from the first hop; exact out, backwards from the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from dexec.domain.pools.base import PRICE_BITS, Curve, Pool
from dexec.domain.quote import EXACT_OUT, Leg, Mode, PoolSnapshot
from dexec.domain.routing.hops import via_tokens
from dexec.domain.routing.legs import make_leg
from dexec.domain.routing.split import Split, split
from dexec.domain.routing.water_filling import water_fill

_ROUGHLY = 18
"""Marginal prices steer the split over paths; the shares of 2^-18 of the amount do not matter there."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A pool in one direction, as read at ``slot``."""

    pool: Pool
    curve: Curve
    slot: int


@dataclass(frozen=True)
class Hop:
    """All the pools that trade one pair."""

    token_in: str
    token_out: str
    edges: tuple[Edge, ...]

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """The pools' curves in the hop's direction."""
        return tuple(edge.curve for edge in self.edges)

    @cached_property
    def best_price(self) -> int:
        """The best marginal price of any of the pools."""
        return max((curve.best_price for curve in self.curves), default=0)


@dataclass(frozen=True)
class Path:
    """A path of one hop or two."""

    hops: tuple[Hop, ...]

    @property
    def via_token(self) -> str | None:
        """The token between the hops, if there are two."""
        return self.hops[0].token_out if len(self.hops) > 1 else None

    @cached_property
    def best_price(self) -> int:
        """The marginal price of the path's first unit."""
        return _product(hop.best_price for hop in self.hops)

    def capacity(self, mode: Mode) -> int:
        """Return the most that the first hop (exact in) or the last can trade; the other may bear less."""
        if mode is EXACT_OUT:
            return sum(curve.max_out for curve in self.hops[-1].curves)
        return sum(curve.max_in for curve in self.hops[0].curves)

    def solve(self, amount: int, mode: Mode, leg_cost: int) -> Flow | None:
        """Return the flow of ``amount`` over this path, or ``None`` if its pools cannot trade it.

        Exact in: ``amount`` is paid in and flows forwards; exact out: it is to come out and flows
        backwards. ``leg_cost`` is in base units of the token at the other end.
        """
        exact_out = mode is EXACT_OUT
        splits: list[Split] = []
        for index, hop in self._along(mode):
            found = split(hop.curves, amount, mode, self._cost_at(index, mode, leg_cost))
            if found is None or not found.amount_in or not found.amount_out:
                return None
            splits.append(found)
            amount = found.amount_in if exact_out else found.amount_out
        return Flow(self, tuple(reversed(splits) if exact_out else splits))

    def marginal(self, amount: int, mode: Mode) -> int:
        """Return the price of the last unit of ``amount``; 0 when the pools cannot trade it."""
        exact_out = mode is EXACT_OUT
        prices = []
        for _, hop in self._along(mode):
            filled = water_fill(hop.curves, amount, mode, _ROUGHLY)
            if filled is None:
                return 0
            parts, price = filled
            prices.append(price)
            trades = zip(hop.curves, parts, strict=True)
            amount = sum(
                curve.least_in(part) if exact_out else curve.exact_in(part) for curve, part in trades
            )
        return _product(prices)

    def _along(self, mode: Mode) -> Iterator[tuple[int, Hop]]:
        steps = list(enumerate(self.hops))
        return iter(reversed(steps) if mode is EXACT_OUT else steps)

    def _cost_at(self, index: int, mode: Mode, leg_cost: int) -> int:
        """Return the cost of a leg in the token in which that hop's split counts its result."""
        if mode is EXACT_OUT:
            return leg_cost * _product(hop.best_price for hop in self.hops[:index]) >> PRICE_BITS
        return (leg_cost << PRICE_BITS) // max(1, _product(hop.best_price for hop in self.hops[index + 1 :]))


@dataclass(frozen=True, slots=True)
class Flow:
    """An amount running over a path: one split a hop."""

    path: Path
    splits: tuple[Split, ...]

    @property
    def amount_in(self) -> int:
        """What is paid in, in base units of the path's first token."""
        return self.splits[0].amount_in

    @property
    def amount_out(self) -> int:
        """What comes out, in base units of the path's last token."""
        return self.splits[-1].amount_out

    @property
    def leg_count(self) -> int:
        """How many pools are used."""
        return sum(found.leg_count for found in self.splits)

    @property
    def price(self) -> int:
        """The marginal price over the whole path."""
        return _product(found.price for found in self.splits)

    def used(self) -> Iterator[tuple[int, Edge, int, int]]:
        """Yield (hop, edge, amount in, amount out) of every pool used."""
        for number, (hop, found) in enumerate(zip(self.path.hops, self.splits, strict=True), start=1):
            for edge, amount_in, amount_out in zip(
                hop.edges, found.amounts_in, found.amounts_out, strict=True
            ):
                if amount_in:
                    yield number, edge, amount_in, amount_out

    def legs(self, mode: Mode) -> Iterator[Leg]:
        """Yield a leg for every pool used; their shares are still 0."""
        for number, edge, amount_in, amount_out in self.used():
            token_in = self.path.hops[number - 1].token_in
            exact_out = amount_out if mode is EXACT_OUT else None
            yield make_leg(edge.pool, token_in, amount_in, hop=number, slot=edge.slot, amount_out=exact_out)


def find_paths(token_in: str, token_out: str, snapshots: Sequence[PoolSnapshot]) -> list[Path]:
    """Return the direct path, if any pool trades the pair, and those of two hops that are complete."""
    pools: dict[frozenset[str], list[tuple[Pool, int]]] = {}
    for snapshot in snapshots:
        for pool in snapshot.pools:
            pools.setdefault(frozenset((pool.token_x, pool.token_y)), []).append((pool, snapshot.slot))

    def hop(start: str, end: str) -> Hop:
        known = pools.get(frozenset((start, end)), ())
        return Hop(start, end, tuple(Edge(pool, pool.curve(start), slot) for pool, slot in known))

    direct = Path((hop(token_in, token_out),))
    others = [Path((hop(token_in, via), hop(via, token_out))) for via in via_tokens(token_in, token_out)]
    return [path for path in (direct, *others) if all(part.edges for part in path.hops)]


def _product(prices: Iterator[int] | Sequence[int]) -> int:
    """Return the product of fixed-point prices."""
    result = 1 << PRICE_BITS
    for price in prices:
        result = result * price >> PRICE_BITS
    return result
