"""How much pools can trade: the least and the most, for the refusal of an amount that is neither.

Found by doubling, halving and bisection over what can be traded, to three digits: a refusal is no place for
a long search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.arithmetic import ceil_div

Side = Literal["too small", "too large"]


class Reach(NamedTuple):
    """On which side of what can be traded an amount lies, and the nearest that can be, in base units."""

    side: Side
    nearest: int


def find_reach(amount: int, can_trade: Callable[[int], bool]) -> Reach | None:
    """Return what is wrong with an ``amount`` that cannot be traded; None where no amount can be.

    Larger amounts are looked at first, up to the most that a balance can hold.
    """
    low, high = amount, amount * 2
    while high <= MAX_BASE_UNITS:
        if can_trade(high):
            return Reach("too small", _ceil(_edge(high, low, can_trade)))
        low, high = high, high * 2
    low, high = amount // 2, amount
    while low:
        if can_trade(low):
            return Reach("too large", _floor(_edge(low, high, can_trade)))
        low, high = low // 2, low
    return None


def _edge(able: int, unable: int, can_trade: Callable[[int], bool]) -> int:
    """Return an amount that can be traded, near where one no longer can be."""
    while abs(able - unable) > max(1, able // 1_000):
        middle = (able + unable) // 2
        if can_trade(middle):
            able = middle
        else:
            unable = middle
    return able


def _floor(amount: int) -> int:
    unit = _unit(amount)
    return amount // unit * unit


def _ceil(amount: int) -> int:
    unit = _unit(amount)
    return ceil_div(amount, unit) * unit


def _unit(amount: int) -> int:
    """Return the power of ten that counts the third digit."""
    return int(10 ** max(0, len(str(amount)) - 3))
