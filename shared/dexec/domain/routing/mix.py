"""Running an order over several lanes: as much on each as leaves all at the same marginal price.

Starts with everything on the best lane. Then, again and again, the lane in use whose last unit is worth
least shares what it has with the lane whose next unit is worth most, until hardly anything moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.routing.lanes import Flow, Lane

_CLOSE = 11
"""A share is found to 2^-11: the loss, of second order, is far below 0.01 bps of what the order moves."""

_MOST_STEPS = 16
_ROUNDS_PER_LANE = 3


def mix(lanes: Sequence[Lane], amount: int, side: int, leg_cost: int) -> list[tuple[Flow, ...]]:
    """Return the best flows over two lanes, three, ...; ``lanes[0]`` is the lane that nets most alone.

    A number of lanes that would not lower the marginal price is not among the answers.
    """
    by_count: dict[int, list[int]] = {}
    for shares in _rounds(lanes, amount, side):
        by_count[sum(map(bool, shares))] = shares
    found = []
    for shares in by_count.values():
        parts = [(lane, share) for lane, share in zip(lanes, shares, strict=True) if share]
        flows = [lane.solve(share, side, leg_cost) for lane, share in parts]
        complete = tuple(flow for flow in flows if flow is not None)
        if len(complete) == len(flows) > 1:
            found.append(complete)
    return found


def _rounds(lanes: Sequence[Lane], amount: int, side: int) -> Iterator[list[int]]:
    """Yield the shares after each round."""
    shares = [amount, *(0 for _ in lanes[1:])]
    prices = [lanes[0].marginal(amount, side), *(lane.best_price for lane in lanes[1:])]
    for _ in range(_ROUNDS_PER_LANE * (len(lanes) - 1)):
        worst = min((index for index, share in enumerate(shares) if share), key=prices.__getitem__)
        best = max(range(len(lanes)), key=prices.__getitem__)
        if prices[worst] >= prices[best]:
            return
        total = shares[worst] + shares[best]
        kept = _share(lanes[worst], lanes[best], total, side)
        if abs(kept - shares[worst]) <= total >> _CLOSE:
            return
        shares = shares.copy()
        shares[worst], shares[best] = kept, total - kept
        for index in (worst, best):
            lane, share = lanes[index], shares[index]
            prices[index] = lane.marginal(share, side) if share else lane.best_price
        yield shares


def _share(first: Lane, second: Lane, total: int, side: int) -> int:
    """Return the part of ``total`` for ``first``, by false position (Illinois) on the price difference."""
    low, high = 0, total
    weight_low = first.best_price - second.marginal(total, side)
    weight_high = second.best_price - first.marginal(total, side)
    if weight_low <= 0:
        return 0
    moved_low: bool | None = None
    for _ in range(_MOST_STEPS):
        if high - low <= max(1, total >> _CLOSE):
            break
        step = (high - low) * weight_low // max(1, weight_low + weight_high)
        share = low + min(max(1, step), high - low - 1)
        difference = first.marginal(share, side) - second.marginal(total - share, side)
        moves_low = difference >= 0
        halved = moves_low is moved_low
        if moves_low:
            low, weight_low, weight_high = share, difference, weight_high >> halved
        else:
            high, weight_low, weight_high = share, weight_low >> halved, -difference
        moved_low = moves_low
    return (low + high) // 2
