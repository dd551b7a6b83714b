"""Splitting an order over several paths, by equalising their marginal prices two paths at a time.

Starts with everything on the best path. Then, again and again, the path in use whose last unit is worth
least shares what it has with the path whose next unit is worth most, until hardly anything moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.quote import Mode
from dexec.domain.routing.paths import Flow

_CLOSE = 9
"""A share is found to 2^-9, or until the prices differ by 2^-15 (0.3 bps) at most: as the loss is half the
one times the other, it is far below 0.01 bps."""

_LEVEL = 15
_MOST_STEPS = 16
_ROUNDS_PER_PATH = 3


def split_over_paths(alone: Sequence[Flow], amount: int, mode: Mode, leg_cost: int) -> list[tuple[Flow, ...]]:
    """Return the best flows over two paths, three, ...

    ``alone`` is the whole amount on each path, the best first. A number of paths that would not lower the
    marginal price is not among the answers.
    """
    paths = [flow.path for flow in alone]
    marginals = [_Marginal(flow, amount, mode) for flow in alone]
    by_count: dict[int, list[int]] = {}
    for shares in _rounds(marginals, amount):
        by_count[sum(map(bool, shares))] = shares
    found = []
    for shares in by_count.values():
        parts = [(path, share) for path, share in zip(paths, shares, strict=True) if share]
        flows = [path.solve(share, mode, leg_cost) for path, share in parts]
        complete = tuple(flow for flow in flows if flow is not None)
        if len(complete) == len(flows) > 1:
            found.append(complete)
    return found


class _Marginal:
    """A path's marginal price by its share, remembered."""

    def __init__(self, alone: Flow, amount: int, mode: Mode) -> None:
        self._path, self._mode = alone.path, mode
        self.best_price = alone.path.best_price
        self._known = {0: self.best_price, amount: alone.price}

    def at(self, share: int) -> int:
        found = self._known.get(share)
        if found is None:
            found = self._known[share] = self._path.marginal(share, self._mode)
        return found


def _rounds(paths: Sequence[_Marginal], amount: int) -> Iterator[list[int]]:
    """Yield the shares after each round."""
    shares = [amount, *(0 for _ in paths[1:])]
    settled: set[int] = set()
    for _ in range(_ROUNDS_PER_PATH * (len(paths) - 1)):
        prices = [path.at(share) for path, share in zip(paths, shares, strict=True)]
        worst = min((index for index, share in enumerate(shares) if share), key=prices.__getitem__)
        best = max(range(len(paths)), key=prices.__getitem__)
        if prices[worst] >= prices[best] or settled == {worst, best}:
            return
        settled = {worst, best}
        total = shares[worst] + shares[best]
        kept = _share(paths[worst], paths[best], total)
        if kept == shares[worst]:
            return
        shares = shares.copy()
        shares[worst], shares[best] = kept, total - kept
        yield shares


def _share(first: _Marginal, second: _Marginal, total: int) -> int:
    """Return the part of ``total`` for ``first``, by false position (see ``water_filling``)."""
    low, high = 0, total
    weight_low = first.best_price - second.at(total)
    weight_high = second.best_price - first.at(total)
    if weight_low <= 0:
        return 0
    moved_low: bool | None = None
    for _ in range(_MOST_STEPS):
        if high - low <= max(1, total >> _CLOSE):
            break
        step = (high - low) * weight_low // max(1, weight_low + weight_high)
        share = low + min(max(1, step), high - low - 1)
        difference = first.at(share) - second.at(total - share)
        if abs(difference) <= first.best_price >> _LEVEL:
            return share
        moves_low = difference > 0
        halved = moves_low is moved_low
        if moves_low:
            low, weight_low, weight_high = share, difference, weight_high >> halved
        else:
            high, weight_low, weight_high = share, weight_low >> halved, -difference
        moved_low = moves_low
    return (low + high) // 2
