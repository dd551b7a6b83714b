"""The simulated market: the state of every paper pool as a pure function of (seed, tape, venue, pair, slot).

Prices move on three scales, all in integers. Each token's value drifts along straight lines between random
knots (minutes and hours); a pair's two venues disagree by the gaps of the market's ``Spread``, and which of
them is ahead may change every ``ERA_SLOTS`` in a slow crossing; and each slot adds a little noise. The
slopes are such that a route of two hops moves by less than 50 bps, the default slippage limit, in 12 slots.

A tape's moves multiply what a token is worth; the pools hold as many USD of it as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations
from typing import NamedTuple

from dexec.adapters.paper.pools import PAPER_VENUES, PaperPool, PoolMaker, Sketch, pool_id
from dexec.adapters.paper.randomness import between_knots, hashed, knot
from dexec.adapters.paper.tape import NO_TAPE, TapeSource
from dexec.domain.errors import PoolDisabled
from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS

VENUES = tuple(PAPER_VENUES)

DRIFTS = ((750, 3_000), (9_000, 15_000))
"""Drift of a token's value: (slots between knots, largest deviation in ppm), 5 minutes and one hour."""

NOISE_PPM = 80
"""Largest deviation of one slot's noise."""

ERA_SLOTS = 18_000
CROSSING_SLOTS = 1_000
"""An era lasts two hours and begins with a crossing of 400 s from the last era's gap to its own."""


class Spread(NamedTuple):
    """Between which gaps, in ppm, a pair's two venues disagree; ``wide`` is for the pairs of ``_WIDE``.

    ``bias`` is by how much the first venue's mid price is ahead without any gap: a DLMM pool's is that of
    its active bin, on average half a bin below the price that was asked for.
    """

    narrow: tuple[int, int]
    wide: tuple[int, int]
    bias: int = 0


SPREADS = {
    # 2 to 5 %: the fees of two swaps are less, so a round trip over both venues can earn.
    "default": Spread((21_000, 23_000), (44_500, 47_500)),
    # 5 to 30 bps, noise included: less than the fees of two swaps, mostly.
    "tight": Spread((1_150, 1_600), (1_700, 2_200), bias=450),
}

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
REMEMBERED_POOLS = 256

_THIN_SIDE_USD = 250_000
"""The reserves of each token, in USD; pairs that are not listed are thin."""


@dataclass(frozen=True)
class PaperMarket:
    """All pools of one simulated market: two markets of one seed and one tape are the same market.

    ``makers`` says which venues there are. The first two disagree about prices, by what ``spread`` says; any
    other is in between.
    """

    seed: int
    makers: Mapping[str, PoolMaker] = field(default_factory=lambda: PAPER_VENUES, repr=False)
    spread: Spread = SPREADS["default"]
    tape: TapeSource = NO_TAPE

    def pools(self, venue: str, pairs: Iterable[Pair], slot: int) -> tuple[PaperPool, ...]:
        """Return the venue's pools for ``pairs``, in any direction, as they stand at ``slot``."""
        names = {_canonical(pair.token_in, pair.token_out) for pair in pairs}
        return tuple(self._at(venue, pair, slot) for pair in sorted(names))

    def pool(self, name: str, slot: int) -> PaperPool:
        """Return the pool of that name at ``slot``; ``PoolDisabled`` if the market has none."""
        found = self._names.get(name)
        if found is None:
            raise PoolDisabled(f"there is no pool {name}")
        venue, pair = found
        return self._at(venue, pair, slot)

    @cached_property
    def _names(self) -> dict[str, tuple[str, tuple[str, str]]]:
        pairs = list(combinations(_ORDER, 2))
        return {pool_id(venue, pair): (venue, pair) for venue in self.makers for pair in pairs}

    @cached_property
    def _at(self) -> Callable[[str, tuple[str, str], int], PaperPool]:
        """The pools of the last slots: within one slot quotes and fills meet the same ones again."""
        return lru_cache(maxsize=REMEMBERED_POOLS)(self._build)

    def _build(self, venue: str, pair: tuple[str, str], slot: int) -> PaperPool:
        deviation = self._deviation_ppm(venue, pair, slot)
        factors = self.tape.factors(slot)
        reserves = _reserves(pair, *(factors.get(token, 1) for token in pair)) if factors else _reserves(pair)
        return self.makers[venue](Sketch(self.seed, venue, pair, slot, reserves, deviation))

    def _deviation_ppm(self, venue: str, pair: tuple[str, str], slot: int) -> int:
        """Return by how much the pair's mid price on ``venue`` is off its reference price, in ppm."""
        token_x, token_y = pair
        drift = self._drift_ppm(token_x, slot) - self._drift_ppm(token_y, slot)
        noise = hashed(self.seed, f"noise {venue} {token_x} {token_y}", slot, -NOISE_PPM, NOISE_PPM)
        return drift + noise + self._lean(venue) * (self._gap_ppm(pair, slot) // 2)

    def _lean(self, venue: str) -> int:
        """Return on which side of the pair's gap a venue is: 1, -1, or 0 in the middle."""
        return dict(zip(self.makers, (1, -1), strict=False)).get(venue, 0)

    def _drift_ppm(self, token: str, slot: int) -> int:
        return sum(
            between_knots(self.seed, f"drift {period} {token}", slot, period, largest)
            for period, largest in DRIFTS
        )

    def _gap_ppm(self, pair: tuple[str, str], slot: int) -> int:
        """Return by how much the first venue's price lies above the second's; negative when below."""
        label = f"gap {pair[0]} {pair[1]}"
        era, phase = divmod(slot + knot(self.seed, f"start of {label}", 0, 0, ERA_SLOTS - 1), ERA_SLOTS)
        gap = self._era_gap(label, pair, era)
        if phase >= CROSSING_SLOTS:
            return gap
        before = self._era_gap(label, pair, era - 1)
        return (before * (CROSSING_SLOTS - phase) + gap * phase) // CROSSING_SLOTS

    def _era_gap(self, label: str, pair: tuple[str, str], era: int) -> int:
        low, high = self.spread.wide if pair in _WIDE else self.spread.narrow
        size = knot(self.seed, label, era, low, high)
        return (size if knot(self.seed, f"sign of {label}", era, 0, 1) else -size) - self.spread.bias


def shifted(pool: PaperPool, token_in: str, bps: int) -> PaperPool:
    """Return ``pool`` with its price moved by ``bps`` against whoever sells ``token_in``."""
    return pool.worsened(token_in, bps)


def _canonical(token_a: str, token_b: str) -> tuple[str, str]:
    if token_a == token_b:
        raise ValueError(f"a pool needs two tokens, not {token_a} twice")
    first, second = sorted((token_a, token_b), key=_ORDER.index)
    return first, second


@lru_cache(maxsize=1024)
def _reserves(pair: tuple[str, str], *factors: Fraction | int) -> tuple[int, int]:
    """Return the reserves at the reference price, in base units; ``factors`` are a tape's of either token."""
    side_nano_usd = _SIDE_USD.get(pair, _THIN_SIDE_USD) * 10**9
    reserve_x, reserve_y = (
        side_nano_usd
        * 10 ** TOKENS[token].decimals
        * factor.denominator
        // (_REFERENCE_NANO_USD[token] * factor.numerator)
        for token, factor in zip(pair, factors or (1, 1), strict=True)
    )
    return reserve_x, reserve_y
