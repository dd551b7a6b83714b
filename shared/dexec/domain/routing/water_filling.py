"""Splitting in real amounts, by water-filling: one marginal price at which all curves trade the amount.

At the optimum every curve in use is traded to the same marginal price, the dual variable of "the parts sum
to the amount" (Boyd and Vandenberghe, "Convex Optimization", 5.5.3). What a curve trades at a price falls as
the price rises, so the price is found by bisection: over the breakpoints first (a curve of bins jumps
there), then, between two of them where all curves are smooth, by false position in the Illinois variant
(Dowell and Jarratt, "A modified regula falsi method for computing the root of an equation", 1971).
"""

from __future__ import annotations

from collections.abc import Sequence

from dexec.domain.pools.base import Curve
from dexec.domain.quote import EXACT_OUT, Mode

_WIDENINGS = (12, 9, 6, 3)
"""The price is first looked for within 2^-12 of the best, then within 2^-9, ..."""

_DEPTHS = (1, 4, 10, 24)
"""... then down to a half of it, to 2^-4, ..., at last to 0. There a curve trades all it can: interpolated
between that and nothing, an amount far below takes long to find."""

CLOSE = 34
"""A split ends within 2^-34 of the amount; sharing out the rest costs only what is of second order."""

_MOST_STEPS = 80


class _Bracket:
    """Two prices and what the curves trade there: too little at ``high``, enough at ``low``."""

    def __init__(self, curves: Sequence[Curve], amount: int, mode: Mode) -> None:
        self._curves, self._amount = curves, amount
        self._exact = 1 if mode is EXACT_OUT else 0  # which of a response's (in, out) sum to the amount
        self.high = best = max(curve.best_price for curve in curves)
        self.at_high = [0] * len(curves)
        self.over_high = -amount
        for price in (*(best - (best >> part) for part in _WIDENINGS), *(best >> depth for depth in _DEPTHS)):
            if self.try_price(price):
                return
        self.try_price(0)

    def try_price(self, price: int) -> bool:
        """Move one end to ``price``; return whether it was the low one."""
        exact = self._exact
        parts = [curve.respond(price)[exact] for curve in self._curves]
        over = sum(parts) - self._amount
        if over >= 0:
            self.low, self.at_low, self.over_low = price, parts, over
            return True
        self.high, self.at_high, self.over_high = price, parts, over
        return False

    def narrow_to_breakpoints(self) -> None:
        """Move both ends to neighbouring breakpoints."""
        breakpoints = sorted(
            {price for curve in self._curves for price in curve.breakpoints(self.low, self.high)}
        )
        first, last = 0, len(breakpoints)
        while first < last:
            middle = (first + last) // 2
            if self.try_price(breakpoints[middle]):
                first = middle + 1
            else:
                last = middle

    def narrow_smoothly(self, tolerance: int) -> None:
        """Move both ends together until one is within ``tolerance``; a jump just below ``high`` ends it."""
        if self.try_price(self.high - 1):
            return
        weight_low, weight_high = self.over_low, -self.over_high
        moved_low: bool | None = None
        for _ in range(_MOST_STEPS):
            if self.high - self.low < 2 or min(self.over_low, -self.over_high) <= tolerance:
                return
            between = (self.high - self.low - 2) * weight_low // (weight_low + weight_high)
            moves_low = self.try_price(self.low + 1 + between)
            # Illinois: the weight of an end that stays twice is halved, or it might stay for good.
            halved = moves_low is moved_low
            if moves_low:
                weight_low, weight_high = self.over_low, weight_high >> halved
            else:
                weight_low, weight_high = weight_low >> halved, -self.over_high
            moved_low = moves_low

    def nearer(self) -> int:
        """Return the price of the end that is closer to the amount."""
        return self.low if self.over_low < -self.over_high else self.high

    def parts(self) -> list[int]:
        """Return parts that sum to the amount: those at ``high``, and more, curve by curve, up to ``low``."""
        parts, rest = [*self.at_high], -self.over_high
        for index, most in enumerate(self.at_low):
            more = min(rest, most - parts[index])
            parts[index] += more
            rest -= more
        return parts


def water_fill(
    curves: Sequence[Curve], amount: int, mode: Mode, close: int = CLOSE
) -> tuple[list[int], int] | None:
    """Return (parts, price): the parts of ``amount`` for each curve, and their common marginal price.

    Inputs are shared out for ``EXACT_IN``, outputs for ``EXACT_OUT``; the price is right to 2^-``close`` of
    the amount. ``None`` when the curves together cannot trade the amount.
    """
    exact_out = mode is EXACT_OUT
    capacity = sum(curve.max_out if exact_out else curve.max_in for curve in curves)
    if capacity < amount:
        return None
    if not amount:
        return [0] * len(curves), max(curve.best_price for curve in curves)
    bracket = _Bracket(curves, amount, mode)
    bracket.narrow_to_breakpoints()
    bracket.narrow_smoothly(amount >> close)
    return bracket.parts(), bracket.nearer()
