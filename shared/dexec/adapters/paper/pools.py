"""The pools of the paper venues, each made from a sketch of the market at one slot.

A venue is one function in ``PAPER_VENUES``; a further one only has to be added there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Protocol

from dexec.adapters.paper.randomness import knot
from dexec.adapters.paper.slots import SLOT
from dexec.domain.pools import PRICE_BITS, ConstantProductPool, DlmmFees, DlmmPool, Pool, Volatility
from dexec.domain.pools.dlmm import bin_price

PPM = 1_000_000

_SIDE_BINS = 48
_CONCENTRATION = 4
"""A DLMM pool holds a quarter of the sketch's reserves, in this many bins on either side: 3.8 %."""

_LADDER_BINS = 200
"""Bins on either side of the reference price whose prices are kept at hand; drift and gap need 130.

A tape moves the reference price itself, and there is a ladder for each.
"""

_VOLATILITY_SLOTS = 64
"""The DLMM pools were last traded by others at the last multiple of this: 25 s ago at most."""

_DLMM_FEES = DlmmFees(
    bin_step=8,
    base_factor=18_750,
    filter_period_s=30,
    decay_period_s=600,
    reduction_factor=5_000,
    variable_fee_control=60_000,
    max_volatility_accumulator=350_000,
)
"""A base fee of 15 bps, and up to 47 bps on top where the price has moved far."""


class PaperPool(Pool, Protocol):
    """A pool whose price the paper cluster can move, to make a transaction fail."""

    def worsened(self, token_in: str, bps: int) -> PaperPool:
        """Return the pool with its price ``bps`` worse for whoever sells ``token_in``."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A pair on a venue at a slot: reserves at the reference price, and how far off it the price is."""

    seed: int
    venue: str
    pair: tuple[str, str]
    slot: int
    reserves: tuple[int, int]
    deviation_ppm: int

    @property
    def pool_id(self) -> str:
        """The pool's name: venue and pair."""
        return pool_id(self.venue, self.pair)


PoolMaker = Callable[[Sketch], PaperPool]


def pool_id(venue: str, pair: tuple[str, str]) -> str:
    """Return the name of the venue's pool for a pair."""
    return f"{venue}:{pair[0]}-{pair[1]}"


def constant_product(sketch: Sketch) -> ConstantProductPool:
    """Make a pool as Raydium's: 25 bps. Each reserve takes half of the deviation, so that depth stays."""
    reserve_x = sketch.reserves[0] * (2 * PPM - sketch.deviation_ppm) // (2 * PPM)
    reserve_y = sketch.reserves[1] * (2 * PPM + sketch.deviation_ppm) // (2 * PPM)
    return ConstantProductPool(sketch.pool_id, sketch.venue, *sketch.pair, reserve_x, reserve_y)


def dlmm(sketch: Sketch) -> DlmmPool:
    """Make a pool as Meteora's: the bin that holds the price is active and partly traded through."""
    ladder = _ladder(sketch.reserves)
    price = ladder.reference * (PPM + sketch.deviation_ppm) // PPM
    place = bisect_right(ladder.prices, price) - 1
    active_bin = ladder.first_bin + place
    low, high = ladder.prices[place : place + 2]
    # The further the price has come through the active bin, the more of its x was bought.
    done = (price - low) * PPM // (high - low)
    empty = (0,) * _SIDE_BINS
    return DlmmPool(
        id=sketch.pool_id,
        venue=sketch.venue,
        token_x=sketch.pair[0],
        token_y=sketch.pair[1],
        fees=_DLMM_FEES,
        volatility=_volatility(sketch, active_bin),
        active_bin=active_bin,
        first_bin=active_bin - _SIDE_BINS,
        amounts_x=(*empty, ladder.held_x[0] * (PPM - done) // PPM, *ladder.held_x[1:]),
        amounts_y=(*ladder.held_y[:0:-1], ladder.held_y[0] * done // PPM, *empty),
        prices=ladder.prices[place - _SIDE_BINS : place + _SIDE_BINS + 1],
    )


PAPER_VENUES: Mapping[str, PoolMaker] = {"raydium": constant_product, "meteora": dlmm}


def _volatility(sketch: Sketch, active_bin: int) -> Volatility:
    last, since = divmod(sketch.slot, _VOLATILITY_SLOTS)
    reference = knot(sketch.seed, f"volatility {sketch.pool_id}", last, 0, 40_000)
    moved = knot(sketch.seed, f"index {sketch.pool_id}", last, -4, 4)
    return Volatility(reference, reference, active_bin + moved, since * SLOT // timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class _Ladder:
    """What stays the same of a DLMM pool: its bins' prices, and what a bin holds by its distance."""

    reference: int
    first_bin: int
    prices: tuple[int, ...]
    held_x: tuple[int, ...]
    held_y: tuple[int, ...]


@lru_cache(maxsize=256)
def _ladder(reserves: tuple[int, int]) -> _Ladder:
    reserve_x, reserve_y = reserves
    reference = (reserve_y << PRICE_BITS) // reserve_x
    step = _DLMM_FEES.bin_step
    ids = range(-40_000, 40_000)
    nearest = ids[bisect_left(ids, reference, key=lambda bin_id: bin_price(bin_id, step))]
    first_bin = nearest - _LADDER_BINS
    prices = tuple(bin_price(first_bin + place, step) for place in range(2 * _LADDER_BINS + 1))
    # The bins thin out evenly, down to half at the end.
    weights = [2 * _SIDE_BINS - distance for distance in range(_SIDE_BINS + 1)]
    held_x, held_y = (
        tuple(reserve * weight // (_CONCENTRATION * sum(weights)) for weight in weights)
        for reserve in reserves
    )
    return _Ladder(reference, first_bin, prices, held_x, held_y)
