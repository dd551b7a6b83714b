"""Splitting in whole units: local search by moving units between two curves, until rounding loses least.

Near the optimum both curves have the same slope, so what a unit more here and less there changes is only
what is lost to rounding. Inputs whose fee hardly rounds are the ones worth trying. Where a curve is not
concave (a DLMM fee that falls again), or the amount is tiny, far moves are tried as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dexec.domain.pools.base import PRICE_BITS, Curve
from dexec.domain.pools.refusals import SwapRefused
from dexec.domain.quote import EXACT_OUT, Mode

_FEE_STEPS = (1, 4)
"""How many of a fee's breakpoints are tried on either side: at first, and where that was not enough."""

_NEAR = 2
"""What the integer result may lie below the bound, in base units, without being looked at again."""


_REFUSED = 1 << 256
"""The loss at a place whose exact output one of the programs refuses: more than any other."""

_MOST_JUMPS = 16
"""Where most places are refused, far moves could go on for long, a unit at a time."""

_TINY = 1 << 20
"""Up to this total, in base units, rounding can outweigh what the real-valued split knows."""


class Pairing:
    """Two curves that share ``total``, inputs for ``EXACT_IN``, else outputs; x goes to the first.

    ``losses`` holds what each place tried so far costs: the inputs (exact out), or the outputs negated.
    """

    def __init__(self, first: Curve, second: Curve, total: int, mode: Mode) -> None:
        self._first, self._second, self._total = first, second, total
        self._exact_out = exact_out = mode is EXACT_OUT
        most_first, most_second = (
            (curve.max_out if exact_out else curve.max_in) for curve in (first, second)
        )
        self._least, self._most = max(0, total - most_second), min(total, most_first)
        self._trade_first = first.exact_out if exact_out else first.exact_in
        self._trade_second = second.exact_out if exact_out else second.exact_in
        self._sign = 1 if exact_out else -1
        self.losses: dict[int, int] = {}
        self.is_concave = first.is_concave and second.is_concave

    def best_near(self, x: int, fee_steps: int) -> int:
        """Return the best of ``x``, its neighbours, and the breakpoints of either fee."""
        places = {x, x - 1, x + 1}
        places.update(self._fee_breakpoints(self._first, x, fee_steps))
        opposite = self._fee_breakpoints(self._second, self._total - x, fee_steps)
        places.update(self._total - y for y in opposite)
        return self._best(places)

    def best_far(self, x: int) -> int:
        """Return the best place found by far moves from ``x``.

        Of a tiny total, also from both ends where places are refused: those shut in what lies between them.
        """
        found = self._jump(x)
        if self._total > _TINY or _REFUSED not in self.losses.values():
            return found
        return min(found, self._jump(self._least), self._jump(self._most), key=self.losses.__getitem__)

    def _jump(self, x: int) -> int:
        """Return the best place found by moving from ``x`` by ever other distances while that helps."""
        distances = [step for bit in range(self._total.bit_length()) for step in (2 << bit, 3 << bit)]
        for _ in range(_MOST_JUMPS):
            jump = self._best({x, *(x - step for step in distances), *(x + step for step in distances)})
            place = self.best_near(jump, _FEE_STEPS[0])
            if self.losses[place] >= self.losses[x]:
                break
            x = place
        return x

    def _best(self, places: set[int]) -> int:
        known, trade_first, trade_second = self.losses, self._trade_first, self._trade_second
        for place in places - known.keys():
            if self._least <= place <= self._most:
                try:
                    known[place] = self._sign * (trade_first(place) + trade_second(self._total - place))
                except SwapRefused:
                    known[place] = _REFUSED
        return min(places & known.keys(), key=known.__getitem__)

    def _fee_breakpoints(self, curve: Curve, amount: int, fee_steps: int) -> Iterator[int]:
        if not self._exact_out:
            yield from curve.fee_breakpoints(amount, fee_steps)
        elif amount:
            yield from map(curve.exact_in, curve.fee_breakpoints(curve.least_in(amount), fee_steps))


def polish(curves: Sequence[Curve], parts: list[int], mode: Mode, price: int, *, everywhere: bool) -> None:
    """Move units between the largest part and each other part, in place, as long as that gains.

    ``price`` is the common marginal price; it tells how good a pair can be at best. Curves without a part
    are left alone, unless the amount is tiny or ``everywhere`` is asked for.
    """
    anchor = parts.index(max(parts))
    for other, part in enumerate(parts):
        total = part + parts[anchor]
        is_tiny = total <= _TINY
        if other == anchor or not (part or is_tiny or everywhere):
            continue
        pairing = Pairing(curves[other], curves[anchor], total, mode)
        least = _least_loss((curves[other], curves[anchor]), total, mode, price)
        place = pairing.best_near(part, _FEE_STEPS[0])
        if pairing.losses[place] > least + _NEAR:
            place = pairing.best_near(place, _FEE_STEPS[1])
        if pairing.losses[place] > least + _NEAR and (
            is_tiny or not pairing.is_concave or pairing.losses[place] == _REFUSED
        ):
            place = pairing.best_far(place)
        parts[other], parts[anchor] = place, total - place


def _least_loss(curves: Sequence[Curve], total: int, mode: Mode, price: int) -> int:
    """Return what the two curves lose at least, by the same dual argument as the route's bound."""
    surplus = sum(curve.surplus(price) for curve in curves)
    if mode is EXACT_OUT:
        return ((total << PRICE_BITS) - surplus) // max(1, price)
    return -(price * total + surplus >> PRICE_BITS)
