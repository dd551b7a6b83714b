"""The simulated market: the state of every paper pool as a pure function of (seed, venue, pair, slot).

Prices move on three scales, all in integers. Each token's value drifts along straight lines between random
knots (minutes and hours); a pair's two venues disagree by ``GAPS_PPM``, and which of them is ahead may
change every ``ERA_SLOTS`` in a slow crossing; and each slot adds a little noise. The slopes are such that a
route of two hops moves by less than 50 bps, the default slippage limit, in 12 slots.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import combinations

from dexec.domain.errors import PoolDisabled
from dexec.domain.pools import PRICE_BITS, ConstantProductPool, DlmmFees, DlmmPool, Volatility
from dexec.domain.pools.dlmm import bin_price
from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS

VENUES = ("raydium", "meteora")

PPM = 1_000_000
SLOT_MS = 400
DRIFTS = ((750, 3_000), (9_000, 15_000))
"""Drift of a token's value: (slots between knots, largest deviation in ppm), 5 minutes and one hour."""

NOISE_PPM = 80
"""Largest deviation of one slot's noise."""

ERA_SLOTS = 18_000
CROSSING_SLOTS = 1_000
"""An era lasts two hours and begins with a crossing of 400 s from the last era's gap to its own."""

NARROW_GAP_PPM = (21_000, 23_000)
WIDE_GAP_PPM = (44_500, 47_500)

_REFERENCE_NANO_USD = {
    "SOL": 150_000_000_000,
    "USDC": 1_000_000_000,
    "USDT": 999_400_000,
    "RAY": 2_400_000_000,
    "JUP": 520_000_000,
    "BONK": 21_500,
}
"""Value of one whole token in 10^-9 USD."""

_ORDER = ("RAY", "JUP", "BONK", "SOL", "USDC", "USDT")
"""A pool's token x is the one that stands first here."""

_WIDE = {("SOL", "USDC"), ("RAY", "USDT"), ("JUP", "USDT"), ("BONK", "USDT")}
"""Pairs whose venues disagree so much that two hops gain less: every path has at most one of them."""

_SIDE_USD = {
    ("SOL", "USDC"): 22_000_000,
    ("SOL", "USDT"): 12_000_000,
    ("USDC", "USDT"): 16_000_000,
    ("RAY", "SOL"): 4_000_000,
    ("RAY", "USDC"): 3_500_000,
    ("JUP", "SOL"): 3_000_000,
    ("JUP", "USDC"): 3_500_000,
    ("BONK", "SOL"): 3_000_000,
    ("BONK", "USDC"): 1_500_000,
}
_THIN_SIDE_USD = 250_000
"""What a constant product pool holds of each token, in USD; pairs that are not listed are thin."""

_SIDE_BINS = 48
_CONCENTRATION = 4
"""A DLMM pool holds a quarter of that, in this many bins on either side: 3.8 % around the price."""

_LADDER_BINS = 200
"""Bins on either side of the reference price whose prices are kept at hand; drift and gap need 130."""

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

PaperPool = ConstantProductPool | DlmmPool


@dataclass(frozen=True)
class PaperMarket:
    """All pools of one simulated market. Two markets of one seed are the same market."""

    seed: int

    def pools(self, venue: str, pairs: Iterable[Pair], slot: int) -> tuple[PaperPool, ...]:
        """Return the venue's pools for ``pairs``, in any direction, as they stand at ``slot``."""
        names = {_canonical(pair.token_in, pair.token_out) for pair in pairs}
        return tuple(self._build(venue, pair, slot) for pair in sorted(names))

    def pool(self, pool_id: str, slot: int) -> PaperPool:
        """Return the pool of that name at ``slot``; ``PoolDisabled`` if the market has none."""
        found = _pool_names().get(pool_id)
        if found is None:
            raise PoolDisabled(f"there is no pool {pool_id}")
        venue, pair = found
        return self._build(venue, pair, slot)

    def _build(self, venue: str, pair: tuple[str, str], slot: int) -> PaperPool:
        if venue not in VENUES:
            raise ValueError(f"there is no paper venue {venue}")
        deviation = self._deviation_ppm(venue, pair, slot)
        if venue == "raydium":
            return _constant_product(pair, deviation)
        return self._dlmm(pair, deviation, slot)

    def _dlmm(self, pair: tuple[str, str], deviation: int, slot: int) -> DlmmPool:
        ladder = _ladder(pair)
        price = ladder.reference * (PPM + deviation) // PPM
        place = bisect_right(ladder.prices, price) - 1
        active_bin = ladder.first_bin + place
        # The further the price has come through the active bin, the more of its x was bought.
        low, high = ladder.prices[place : place + 2]
        done = (price - low) * PPM // (high - low)
        below, above = slice(place - _SIDE_BINS, place), slice(place + 1, place + 1 + _SIDE_BINS)
        empty = (0,) * _SIDE_BINS
        return DlmmPool(
            id=_pool_id("meteora", pair),
            venue="meteora",
            token_x=pair[0],
            token_y=pair[1],
            fees=_DLMM_FEES,
            volatility=self._volatility(pair, active_bin, slot),
            active_bin=active_bin,
            first_bin=active_bin - _SIDE_BINS,
            amounts_x=(*empty, ladder.held_x[0] * (PPM - done) // PPM, *ladder.held_x[1:]),
            amounts_y=(*ladder.held_y[:0:-1], ladder.held_y[0] * done // PPM, *empty),
            prices=(*ladder.prices[below], low, *ladder.prices[above]),
        )

    def _volatility(self, pair: tuple[str, str], active_bin: int, slot: int) -> Volatility:
        last, since = divmod(slot, _VOLATILITY_SLOTS)
        reference = _knot(self.seed, f"volatility {pair[0]} {pair[1]}", last, 0, 40_000)
        moved = _knot(self.seed, f"index {pair[0]} {pair[1]}", last, -4, 4)
        return Volatility(reference, reference, active_bin + moved, since * SLOT_MS // 1000)

    def _deviation_ppm(self, venue: str, pair: tuple[str, str], slot: int) -> int:
        """Return by how much the pair's mid price on ``venue`` is off its reference price."""
        token_x, token_y = pair
        drift = self._drift_ppm(token_x, slot) - self._drift_ppm(token_y, slot)
        half_gap = self._gap_ppm(pair, slot) // 2
        noise = _hashed(self.seed, f"noise {venue} {token_x} {token_y}", slot, -NOISE_PPM, NOISE_PPM)
        return drift + (half_gap if venue == VENUES[0] else -half_gap) + noise

    def _drift_ppm(self, token: str, slot: int) -> int:
        total = 0
        for period, largest in DRIFTS:
            knot, phase = divmod(slot, period)
            here = _knot(self.seed, f"drift {period} {token}", knot, -largest, largest)
            there = _knot(self.seed, f"drift {period} {token}", knot + 1, -largest, largest)
            total += (here * (period - phase) + there * phase) // period
        return total

    def _gap_ppm(self, pair: tuple[str, str], slot: int) -> int:
        """Return by how much the first venue's price lies above the second's; negative when below."""
        label = f"gap {pair[0]} {pair[1]}"
        era, phase = divmod(slot + _knot(self.seed, f"start of {label}", 0, 0, ERA_SLOTS - 1), ERA_SLOTS)
        gap = self._era_gap(label, pair, era)
        if phase >= CROSSING_SLOTS:
            return gap
        before = self._era_gap(label, pair, era - 1)
        return (before * (CROSSING_SLOTS - phase) + gap * phase) // CROSSING_SLOTS

    def _era_gap(self, label: str, pair: tuple[str, str], era: int) -> int:
        low, high = WIDE_GAP_PPM if pair in _WIDE else NARROW_GAP_PPM
        size = _knot(self.seed, label, era, low, high)
        return size if _knot(self.seed, f"sign of {label}", era, 0, 1) else -size


def shifted(pool: PaperPool, token_in: str, bps: int) -> PaperPool:
    """Return ``pool`` with its price moved by ``bps`` against whoever sells ``token_in``."""
    return pool.worsened(token_in, bps)


def _canonical(token_a: str, token_b: str) -> tuple[str, str]:
    if token_a == token_b:
        raise ValueError(f"a pool needs two tokens, not {token_a} twice")
    first, second = sorted((token_a, token_b), key=_ORDER.index)
    return first, second


def _pool_id(venue: str, pair: tuple[str, str]) -> str:
    return f"{venue}:{pair[0]}-{pair[1]}"


@cache
def _pool_names() -> dict[str, tuple[str, tuple[str, str]]]:
    pairs = list(combinations(_ORDER, 2))
    return {_pool_id(venue, pair): (venue, pair) for venue in VENUES for pair in pairs}


def _constant_product(pair: tuple[str, str], deviation: int) -> ConstantProductPool:
    reserve_x, reserve_y = _reserves(pair)
    # The price moves by the whole deviation; each reserve takes about half, so that depth stays.
    reserve_x = reserve_x * (2 * PPM - deviation) // (2 * PPM)
    reserve_y = reserve_y * (2 * PPM + deviation) // (2 * PPM)
    return ConstantProductPool(_pool_id("raydium", pair), "raydium", *pair, reserve_x, reserve_y)


@cache
def _reserves(pair: tuple[str, str]) -> tuple[int, int]:
    """Return the reserves at the reference price, in base units."""
    side_nano_usd = _SIDE_USD.get(pair, _THIN_SIDE_USD) * 10**9
    reserve_x, reserve_y = (
        side_nano_usd * 10 ** TOKENS[token].decimals // _REFERENCE_NANO_USD[token] for token in pair
    )
    return reserve_x, reserve_y


@dataclass(frozen=True, slots=True)
class _Ladder:
    """What stays the same of a DLMM pool: its bins' prices, and what a bin holds by its distance."""

    reference: int
    first_bin: int
    prices: tuple[int, ...]
    held_x: tuple[int, ...]
    held_y: tuple[int, ...]


@cache
def _ladder(pair: tuple[str, str]) -> _Ladder:
    reserve_x, reserve_y = _reserves(pair)
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
        for reserve in (reserve_x, reserve_y)
    )
    return _Ladder(reference, first_bin, prices, held_x, held_y)


@lru_cache(maxsize=4096)
def _knot(seed: int, label: str, index: int, low: int, high: int) -> int:
    return _hashed(seed, label, index, low, high)


def _hashed(seed: int, label: str, index: int, low: int, high: int) -> int:
    """Return a number in [low, high] that depends on nothing but the arguments."""
    digest = blake2b(f"{seed} {label} {index}".encode(), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)
