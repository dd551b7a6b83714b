"""The simulated market: the state of every paper pool as a pure function of (seed, venue, pair, slot).

Prices move on three scales, all in integers. Each token's value drifts along straight lines between random
knots (minutes and hours); a pair's two venues disagree by ``GAPS_PPM``, and which of them is ahead may
change every ``ERA_SLOTS`` in a slow crossing; and each slot adds a little noise. The slopes are such that a
route of two hops moves by less than 50 bps in 12 slots, the default slippage limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import combinations

from dexec.domain.errors import PoolDisabled
from dexec.domain.pools.constant_product import RAYDIUM_FEE_BPS, ConstantProductPool
from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS

VENUES = ("raydium", "meteora")
METEORA_FEE_BPS = 20

PPM = 1_000_000
DRIFTS = ((750, 3_000), (9_000, 15_000))
"""Drift of a token's value: (slots between knots, largest deviation in ppm), 5 minutes and one hour."""

NOISE_PPM = 80
"""Largest deviation of one slot's noise."""

ERA_SLOTS = 9_000
CROSSING_SLOTS = 500
"""An era lasts an hour and begins with a crossing of 200 s from the last era's gap to its own."""

NARROW_GAP_PPM = (21_000, 26_000)
WIDE_GAP_PPM = (38_000, 47_000)

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
"""What a pool holds of each token, in USD; pairs that are not listed are thin."""


@dataclass(frozen=True)
class PaperMarket:
    """All pools of one simulated market. Two markets of one seed are the same market."""

    seed: int

    def pools(self, venue: str, pairs: Iterable[Pair], slot: int) -> tuple[ConstantProductPool, ...]:
        """Return the venue's pools for ``pairs``, in any direction, as they stand at ``slot``."""
        names = {_canonical(pair.token_in, pair.token_out) for pair in pairs}
        return tuple(self._build(venue, pair, slot) for pair in sorted(names))

    def pool(self, pool_id: str, slot: int) -> ConstantProductPool:
        """Return the pool of that name at ``slot``; ``PoolDisabled`` if the market has none."""
        found = _pool_names().get(pool_id)
        if found is None:
            raise PoolDisabled(f"there is no pool {pool_id}")
        venue, pair = found
        return self._build(venue, pair, slot)

    def _build(self, venue: str, pair: tuple[str, str], slot: int) -> ConstantProductPool:
        token_x, token_y = pair
        reserve_x, reserve_y = _reserves(venue, pair)
        deviation = self._deviation_ppm(venue, pair, slot)
        fee_bps = METEORA_FEE_BPS if venue == "meteora" else RAYDIUM_FEE_BPS
        # The price moves by the whole deviation; each reserve takes about half, so that depth stays.
        reserve_x = reserve_x * (2 * PPM - deviation) // (2 * PPM)
        reserve_y = reserve_y * (2 * PPM + deviation) // (2 * PPM)
        return ConstantProductPool(
            _pool_id(venue, pair), venue, token_x, token_y, reserve_x, reserve_y, fee_bps
        )

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


def shifted(pool: ConstantProductPool, token_in: str, bps: int) -> ConstantProductPool:
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


@cache
def _reserves(venue: str, pair: tuple[str, str]) -> tuple[int, int]:
    """Return the reserves at the reference price, in base units."""
    if venue not in VENUES:
        raise ValueError(f"there is no paper venue {venue}")
    side_nano_usd = _SIDE_USD.get(pair, _THIN_SIDE_USD) * 10**9
    reserve_x, reserve_y = (
        side_nano_usd * 10 ** TOKENS[token].decimals // _REFERENCE_NANO_USD[token] for token in pair
    )
    return reserve_x, reserve_y


@lru_cache(maxsize=4096)
def _knot(seed: int, label: str, index: int, low: int, high: int) -> int:
    return _hashed(seed, label, index, low, high)


def _hashed(seed: int, label: str, index: int, low: int, high: int) -> int:
    """Return a number in [low, high] that depends on nothing but the arguments."""
    digest = blake2b(f"{seed} {label} {index}".encode(), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)
