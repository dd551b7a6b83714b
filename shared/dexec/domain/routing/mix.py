"""Running an order over several lanes: as much on each as leaves all at the same marginal price.

Starts with everything on the best lane. Then, again and again, the lane in use whose last unit is worth
least shares what it has with the lane whose next unit is worth most, until hardly anything moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.routing.lanes import Flow

_CLOSE = 9
"""A share is found to 2^-9, or until the prices differ by 2^-15 (0.3 bps) at most: as the loss is half the
one times the other, it is far below 0.01 bps."""

_LEVEL = 15
_MOST_STEPS = 16
_ROUNDS_PER_LANE = 3


def mix(alone: Sequence[Flow], amount: int, side: int, leg_cost: int) -> list[tuple[Flow, ...]]:
    """Return the best flows over two lanes, three, ...

    ``alone`` is the whole amount on each lane, the best first. A number of lanes that would not lower the
    marginal price is not among the answers.
    """
    lanes = [flow.lane for flow in alone]
    marginals = [_Marginal(flow, amount, side) for flow in alone]
    by_count: dict[int, list[int]] = {}
    for shares in _rounds(marginals, amount):
        by_count[sum(map(bool, shares))] = shares
    found = []
    for shares in by_count.values():
        parts = [(lane, share) for lane, share in zip(lanes, shares, strict=True) if share]
        flows = [lane.solve(share, side, leg_cost) for lane, share in parts]
        complete = tuple(flow for flow in flows if flow is not None)
        if len(complete) == len(flows) > 1:
            found.append(complete)
    return found


class _Marginal:
    """A lane's marginal price by its share, remembered."""

    def __init__(self, alone: Flow, amount: int, side: int) -> None:
        self._lane, self._side = alone.lane, side
        self.best_price = alone.lane.best_price
        self._known = {0: self.best_price, amount: alone.price}

    def at(self, share: int) -> int:
        found = self._known.get(share)
        if found is None:
            found = self._known[share] = self._lane.marginal(share, self._side)
        return found


def _rounds(lanes: Sequence[_Marginal], amount: int) -> Iterator[list[int]]:
    """Yield the shares after each round."""
    shares = [amount, *(0 for _ in lanes[1:])]
    settled: set[int] = set()
    for _ in range(_ROUNDS_PER_LANE * (len(lanes) - 1)):
        prices = [lane.at(share) for lane, share in zip(lanes, shares, strict=True)]
        worst = min((index for index, share in enumerate(shares) if share), key=prices.__getitem__)
        best = max(range(len(lanes)), key=prices.__getitem__)
        if prices[worst] >= prices[best] or settled == {worst, best}:
            return
        settled = {worst, best}
        total = shares[worst] + shares[best]
        kept = _share(lanes[worst], lanes[best], total)
        if kept == shares[worst]:
            return
        shares = shares.copy()
        shares[worst], shares[best] = kept, total - kept
        yield shares


def _share(first: _Marginal, second: _Marginal, total: int) -> int:
    """Return the part of ``total`` for ``first``, by false position (Illinois) on the price difference."""
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
