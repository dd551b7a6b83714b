"""Splitting an amount over the pools of one pair, with a fixed cost for each pool used.

Water-filling, then whole units; then pools that do not earn their cost are dropped (backward elimination),
where duality does not already prove that a pool stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dexec.domain.pools.base import PRICE_BITS, Curve
from dexec.domain.pools.refusals import SwapRefused
from dexec.domain.quote import EXACT_OUT, Mode
from dexec.domain.routing.polish import polish
from dexec.domain.routing.water_filling import water_fill

_MANY = 4
"""With more legs than this, which of them to do without is no longer tried one by one."""


@dataclass(frozen=True, slots=True)
class Split:
    """A split over curves: what goes in and comes out of each, and their common marginal price."""

    amounts_in: tuple[int, ...]
    amounts_out: tuple[int, ...]
    price: int

    @property
    def amount_in(self) -> int:
        """All that is paid in."""
        return sum(self.amounts_in)

    @property
    def amount_out(self) -> int:
        """All that comes out."""
        return sum(self.amounts_out)

    @property
    def leg_count(self) -> int:
        """How many curves are used."""
        return sum(1 for amount in self.amounts_in if amount)

    def loss(self, mode: Mode, leg_cost: int) -> int:
        """Return what the split costs: its inputs (exact out) or its outputs negated, and its legs."""
        return (self.amount_in if mode is EXACT_OUT else -self.amount_out) + leg_cost * self.leg_count


def split(curves: Sequence[Curve], amount: int, mode: Mode, leg_cost: int) -> Split | None:
    """Return the best split of ``amount`` (inputs for ``EXACT_IN``, else outputs) over ``curves``.

    ``leg_cost`` is in base units of the token whose amount is open. Curves that gain less than it are
    dropped, the least useful first, for as long as that helps. ``None`` when the curves together cannot
    trade the amount.
    """
    used = [index for index, curve in enumerate(curves) if curve.best_price]
    best = _split_over(curves, used, amount, mode)
    while leg_cost and best is not None:
        attempts = (
            _split_over(curves, fewer, amount, mode) for fewer in _fewer(curves, best, mode, leg_cost)
        )
        able = [attempt for attempt in attempts if attempt is not None]
        fewer = min(able, key=lambda attempt: attempt.loss(mode, leg_cost), default=best)
        if fewer.loss(mode, leg_cost) >= best.loss(mode, leg_cost):
            break
        best = fewer
    return best


def _fewer(curves: Sequence[Curve], whole: Split, mode: Mode, leg_cost: int) -> list[list[int]]:
    """Return smaller sets of curves worth trying: any one left out, or of many the less useful half.

    Doing without a curve costs at least its surplus at the whole split's price, as the others' dual, taken
    at the same price, is lower by just that. So a curve with a surplus above the cost stays.
    """
    used = [index for index, amount_in in enumerate(whole.amounts_in) if amount_in]
    surplus = {index: curves[index].surplus(whole.price) for index in used}
    cost = leg_cost * (whole.price if mode is EXACT_OUT else 1 << PRICE_BITS)
    doubtful = sorted((index for index in used if surplus[index] <= cost), key=surplus.__getitem__)
    if len(used) > _MANY:
        dropped = [doubtful[:count] for count in sorted({1, (len(doubtful) + 1) // 2})]
    else:
        dropped = [[index] for index in doubtful]
    return [[index for index in used if index not in without] for without in dropped if without]


def _split_over(
    curves: Sequence[Curve], used: Sequence[int], amount: int, mode: Mode, *, everywhere: bool = False
) -> Split | None:
    """Return the split over the curves ``used``, or over fewer where a program refuses its part.

    Before a curve is left out for that, units are moved to and from all others (``everywhere``).
    """
    chosen = [curves[index] for index in used]
    filled = water_fill(chosen, amount, mode) if chosen else None
    if filled is None:
        return None
    parts, price = filled
    polish(chosen, parts, mode, price, everywhere=everywhere)
    fixed, opened = [0] * len(curves), [0] * len(curves)
    for index, part in zip(used, parts, strict=True):
        if not part:
            continue
        traded = _trade(curves[index], part, mode)
        if not traded:
            fewer = [other for other in used if other != index] if everywhere else used
            return _split_over(curves, fewer, amount, mode, everywhere=not everywhere)
        fixed[index], opened[index] = part, traded
    amounts_in, amounts_out = (opened, fixed) if mode is EXACT_OUT else (fixed, opened)
    return Split(tuple(amounts_in), tuple(amounts_out), price)


def _trade(curve: Curve, part: int, mode: Mode) -> int:
    """Return what ``part`` trades for: 0 where the program refuses it, or gives nothing for it."""
    try:
        return curve.exact_out(part) if mode is EXACT_OUT else curve.exact_in(part)
    except SwapRefused:
        return 0
