"""What a search costs, in questions to curves, and what its result loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import cast

from dexec.domain.pools import PRICE_BITS, Curve
from dexec.domain.quote import Mode


class _Counting:
    """Another curve, and how often each of its functions has been called."""

    def __init__(self, curve: Curve, asked: Counter[str]) -> None:
        self._curve, self._asked = curve, asked

    def __getattr__(self, name: str) -> object:
        found = getattr(self._curve, name)
        if not callable(found):
            return found

        def ask(*given: object) -> object:
            self._asked[name] += 1
            return found(*given)

        return ask


def counting(curves: Iterable[Curve]) -> tuple[Sequence[Curve], Counter[str]]:
    """Return curves like these, and how often which function of any of them has been called."""
    asked = Counter[str]()
    return [cast("Curve", _Counting(curve, asked)) for curve in curves], asked


def lost(curves: Sequence[Curve], parts: Sequence[int], mode: Mode, price: int) -> int:
    """Return what parts lose against what no split can beat, by duality at a price.

    More is paid in (exact out), or less comes out. Curves that are not concave lose something at the optimum,
    too. Raises ``SwapRefused`` where a program refuses a part.
    """
    amount, surplus = sum(parts), sum(curve.surplus(price) for curve in curves)
    traded = list(zip(curves, parts, strict=True))
    if mode is Mode.EXACT_OUT:
        least = -((surplus - (amount << PRICE_BITS)) // max(1, price))
        return sum(curve.exact_out(part) for curve, part in traded) - least
    most = price * amount + surplus >> PRICE_BITS
    return most - sum(curve.exact_in(part) for curve, part in traded)
