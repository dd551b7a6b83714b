"""Splitting an order over several paths: shares at which the paths' marginal prices agree.

That is water-filling again (see ``water_filling``), but a path's response to a price is dear to compute, and
its price at a share less so. So each path's prices are kept, and interpolated between as if it were one
constant-product pool, which a path of such pools is: the root of the price is linear in what comes out, its
reciprocal in what is paid in. The shares that have one price by that are looked up, the paths' own prices
there are computed, and so on until these agree: false position in the Illinois variant, of all paths at once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import isqrt

from dexec.domain.pools.base import PRICE_BITS
from dexec.domain.quote import EXACT_OUT, Mode
from dexec.domain.routing.paths import Flow, Path

_CLOSE = 12
"""Shares are found to 2^-12, or until the prices differ by 2^-18 (0.04 bps) at most: the loss is half the one
times the other."""

_LEVEL = 18
_MOST_STEPS = 16


def split_over_paths(
    paths: Sequence[Path], prices: Sequence[int], amount: int, mode: Mode, leg_cost: int
) -> list[tuple[Flow, ...]]:
    """Return the best flows over all of the paths that are worth it, over all but the least of these, ...

    ``prices`` are the marginal prices of the whole amount on each path alone, 0 where it cannot trade that.
    """
    bearable = [min(amount, path.capacity(mode)) for path in paths]
    if sum(bearable) < amount:
        return []
    used = [
        _Known(path, most, price if most == amount else path.marginal(most, mode), mode)
        for path, most, price in zip(paths, bearable, prices, strict=True)
    ]
    found = []
    while len(used) > 1 and sum(path.most for path in used) >= amount:
        shares = _even(used, amount)
        flows = [
            path.path.solve(share, mode, leg_cost) for path, share in zip(used, shares, strict=True) if share
        ]
        complete = tuple(flow for flow in flows if flow is not None)
        if len(complete) == len(flows) > 1:
            found.append(complete)
        worth = sorted((share, place) for place, share in enumerate(shares) if share)
        used = [used[place] for place in sorted(place for _, place in worth[1:])]
    return found


class _Known:
    """What is known of a path: ``levels`` at ``shares`` of the amount, both ascending.

    A level is the root of the marginal price, negative (exact out), or its reciprocal (exact in).
    ``price`` is that of ``most``, the greatest share.
    """

    def __init__(self, path: Path, most: int, price: int, mode: Mode) -> None:
        self.path, self.most, self._mode = path, most, mode
        self._shares = [0, most]
        self._levels = [self._level(path.best_price), self._level(price)]
        self.begin()

    def begin(self) -> None:
        """Interpolate between what is known, unweighted."""
        # They were rounded, and ascend all the same.
        self.weighted = [*accumulate(self._levels, max)]
        self._moved_low: bool | None = None

    def share_at(self, level: int) -> int:
        """Return the share that has a level, interpolated; the greatest where several have it."""
        place = bisect_right(self.weighted, level)
        if place in (0, len(self.weighted)):
            return self._shares[-1 if place else 0]
        low, high = self.weighted[place - 1], self.weighted[place]
        first, last = self._shares[place - 1], self._shares[place]
        return first + (last - first) * (level - low) // (high - low)

    def level_at(self, share: int) -> int:
        """Return the path's own level at a share."""
        place = bisect_left(self._shares, share)
        if self._shares[place] != share:
            level = self._level(self.path.marginal(share, self._mode))
            self._shares.insert(place, share)
            self._levels.insert(place, level)
            self.weighted.insert(place, min(max(level, self.weighted[place - 1]), self.weighted[place]))
        return self._levels[place]

    def narrow(self, share: int, level: int) -> int:
        """Return how much lies between a known share and the next one on the side where ``level`` is.

        Illinois: the weight of an end that stays twice is halved, or it might stay for good.
        """
        place = bisect_left(self._shares, share)
        moved_low = self._levels[place] <= level
        end = place + 1 if moved_low else place - 1
        if not 0 <= end < len(self._shares):
            return 0
        if moved_low is self._moved_low:
            self.weighted[end] = (self.weighted[end] + level) // 2
        self._moved_low = moved_low
        return abs(self._shares[end] - share)

    def _level(self, price: int) -> int:
        if self._mode is EXACT_OUT:
            return -isqrt(price << 2 * PRICE_BITS)
        return isqrt((1 << 4 * PRICE_BITS) // max(1, price))


def _even(paths: Sequence[_Known], amount: int) -> list[int]:
    """Return shares at which the levels agree, but of paths that are worse from the start."""
    for path in paths:
        path.begin()
    for _ in range(_MOST_STEPS):
        shares, level = _interpolated(paths, amount)
        levels = [path.level_at(share) for path, share in zip(paths, shares, strict=True)]
        worst = max(found for found, share in zip(levels, shares, strict=True) if share)
        if worst - min(levels) <= abs(level) >> _LEVEL + 1:
            break
        unknown = [path.narrow(share, level) for path, share in zip(paths, shares, strict=True)]
        if max(unknown) <= amount >> _CLOSE:
            break
    return shares


def _interpolated(paths: Sequence[_Known], amount: int) -> tuple[list[int], int]:
    """Return the shares that sum to the amount and have one level by what is known, and that level."""
    levels = sorted({level for path in paths for level in path.weighted})
    place = bisect_left(levels, amount, key=lambda level: sum(path.share_at(level) for path in paths))
    high, low = levels[place], levels[max(0, place - 1)]
    most = [path.share_at(high) for path in paths]
    least = [path.share_at(low) for path in paths] if place else [0] * len(paths)
    missing, spread = amount - sum(least), sum(most) - sum(least)
    shares = [few + (many - few) * missing // spread for few, many in zip(least, most, strict=True)]
    rest = amount - sum(shares)
    for index, many in enumerate(most):
        more = min(rest, many - shares[index])
        shares[index] += more
        rest -= more
    return shares, low + (high - low) * missing // spread
