"""One direction of a DLMM pool: prefix sums over its bins, and the concave hull above them.

Every bin trades at one price and one fee rate, so a swap is a walk over bins: drain one, go on to the next.
The walk is done once, when the curve is made; a swap then is a bisection and one bin's arithmetic.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools.base import PRICE_BITS, Swap, ceil_div

FEE_UNIT = 10**9
"""Fee rates are in 10^-9 of what is paid in."""

_HULL_BITS = 32
"""Fraction bits of the inputs on the hull: the bound must not lose a unit per bin to rounding."""


class CurveBin(NamedTuple):
    """A bin as one direction meets it: its Q64.64 price, what it holds of token out, its fee rate."""

    price: int
    available: int
    fee_rate: int


class DlmmCurve:
    """One direction of a DLMM pool; ``Curve`` says what each member means.

    ``_ins[k]`` and ``_outs[k]`` are what the first k bins take when drained, fees included, and give.
    """

    def __init__(self, bins: Iterable[CurveBin], *, sells_x: bool, base_rate: int, active_price: int) -> None:
        self._bins = [entry for entry in bins if entry.available > 0]
        self._sells_x = sells_x
        self._base_rate = base_rate
        first = self._bins[0].price if self._bins else active_price
        self.mid = Fraction(first, 1 << PRICE_BITS) if sells_x else Fraction(1 << PRICE_BITS, first)
        self._ins, self._outs = self._drain()
        self.max_in = self._ins[-1]
        self.max_out = self._outs[-1]

    def _drain(self) -> tuple[list[int], list[int]]:
        """Return what the first k bins take, and what they give, for every k."""
        ins, outs = [0], [0]
        taken = given = 0
        for price, available, fee_rate in self._bins:
            net = self._net_for(price, available)
            taken += net + ceil_div(net * fee_rate, FEE_UNIT - fee_rate)
            given += available
            ins.append(taken)
            outs.append(given)
        return ins, outs

    @property
    def is_concave(self) -> bool:
        """Whether no bin lies below the hull."""
        return len(self._hull[0]) == len(self._outs)

    @property
    def best_price(self) -> int:
        """The steepest slope of the hull."""
        falling = self._hull[1]
        return -falling[0] if falling else 0

    def _base_part(self, fee: int, fee_rate: int) -> int:
        return min(fee, ceil_div(fee * self._base_rate, fee_rate)) if fee_rate else 0

    def _net_for(self, price: int, amount_out: int) -> int:
        """Return the least input after fees that buys ``amount_out``: ceil(out / P) or ceil(out * P)."""
        if self._sells_x:
            return ceil_div(amount_out << PRICE_BITS, price)
        return ceil_div(amount_out * price, 1 << PRICE_BITS)

    def _value(self, price: int, net: int) -> int:
        """Return what ``net`` is worth at a bin's price, times 2^64."""
        return net * price if self._sells_x else (net << 2 * PRICE_BITS) // price

    @cached_property
    def _relaxed_ins(self) -> list[int]:
        """What the first k bins take without any rounding up, in 2^-32 units, rounded down."""
        relaxed, taken = [0], 0
        for price, available, fee_rate in self._bins:
            # sell X: in = out * 2^64 / P, sell Y: in = out * P / 2^64; then / (1 - rate).
            out = available * FEE_UNIT << _HULL_BITS
            gross = (out << PRICE_BITS) // price if self._sells_x else out * price >> PRICE_BITS
            taken += gross // (FEE_UNIT - fee_rate)
            relaxed.append(taken)
        return relaxed

    @cached_property
    def _hull(self) -> tuple[list[int], list[int]]:
        """The corners (bins drained) and the negated slopes of the least concave curve above.

        The corners lie at relaxed inputs, so the hull is nowhere below the integer curve: that needs at
        least as much input for every output, since each of its bins rounds in the pool's favour.
        """
        ins, outs = self._relaxed_ins, self._outs
        corners: list[int] = [0]
        falling: list[int] = []
        for corner in range(1, len(outs)):
            while True:
                start = corners[-1]
                run = ins[corner] - ins[start] or 1
                slope = (outs[corner] - outs[start] << PRICE_BITS + _HULL_BITS) // run
                if not falling or slope < -falling[-1]:
                    break
                corners.pop()
                falling.pop()
            corners.append(corner)
            falling.append(-slope)
        return corners, falling

    def exact_in(self, amount_in: int) -> int:
        """Walk the bins: drained ones give all, the last floor(net * P), net = in - ceil(in * rate)."""
        ins = self._ins
        if amount_in > self.max_in:
            raise InsufficientLiquidity("the pool's bins do not take that much")
        drained = bisect_right(ins, amount_in) - 1
        left = amount_in - ins[drained]
        if not left:
            return self._outs[drained]
        entry = self._bins[drained]
        net = left * (FEE_UNIT - entry.fee_rate) // FEE_UNIT
        out = net * entry.price >> PRICE_BITS if self._sells_x else (net << PRICE_BITS) // entry.price
        return self._outs[drained] + min(out, entry.available)

    def exact_out(self, amount_out: int) -> int:
        """The exact inverse of ``exact_in``: per bin, the least net, and the least input leaving it."""
        outs = self._outs
        if amount_out > self.max_out:
            raise InsufficientLiquidity("the pool's bins do not hold that much")
        drained = bisect_right(outs, amount_out) - 1
        left = amount_out - outs[drained]
        if not left:
            return self._ins[drained]
        entry = self._bins[drained]
        net = self._net_for(entry.price, left)
        gross = ceil_div(net * FEE_UNIT, FEE_UNIT - entry.fee_rate)
        return min(self._ins[drained] + gross, self._ins[drained + 1])

    def swap(self, amount_in: int) -> Swap:
        """The fee is split at each bin in the ratio of the base rate to the whole rate."""
        amount_out = self.exact_in(amount_in)
        base_fee = fee = value = 0
        for entry, begin, end in zip(self._bins, self._ins, self._ins[1:], strict=False):
            if amount_in <= begin:
                break
            if amount_in >= end:
                net = self._net_for(entry.price, entry.available)
                bin_fee = end - begin - net
            else:
                net = (amount_in - begin) * (FEE_UNIT - entry.fee_rate) // FEE_UNIT
                bin_fee = amount_in - begin - net
            fee += bin_fee
            base_fee += self._base_part(bin_fee, entry.fee_rate)
            value += self._value(entry.price, net)
        return Swap(amount_in, amount_out, base_fee, fee - base_fee, Fraction(value, 1 << PRICE_BITS))

    def bins_touched(self, amount_in: int) -> int:
        """Return how many bins with liquidity a swap of ``amount_in`` uses, the last one perhaps in part."""
        return max(1, bisect_left(self._ins, amount_in))

    def respond(self, price: int) -> tuple[int, int]:
        """Drain every bin whose stretch of the hull is steeper than ``price``."""
        corners, falling = self._hull
        corner = corners[bisect_left(falling, -price)]
        return self._ins[corner], self._outs[corner]

    def surplus(self, price: int) -> int:
        """The best corner of the hull; its neighbours are tried as slopes are rounded."""
        corners, falling = self._hull
        place = bisect_left(falling, -price)
        nearby = corners[max(0, place - 1) : place + 2]
        return max(
            (self._outs[corner] << PRICE_BITS) - (price * self._relaxed_ins[corner] >> _HULL_BITS)
            for corner in (0, *nearby)
        )

    def kinks(self, low: int, high: int) -> Sequence[int]:
        """The slopes of the hull."""
        falling = self._hull[1]
        return [-slope for slope in falling[bisect_right(falling, -high) : bisect_left(falling, -low)]]

    def even_fees(self, amount_in: int, count: int) -> Sequence[int]:
        """Within the bin that ``amount_in`` reaches: inputs just below those whose fee is one more."""
        drained = bisect_right(self._ins, amount_in) - 1
        if drained == len(self._bins):
            return ()
        begin, end, rate = self._ins[drained], self._ins[drained + 1], self._bins[drained].fee_rate
        if not rate:
            return (begin, end)
        fee = (amount_in - begin) * rate // FEE_UNIT
        steps = range(max(0, fee - count), fee + count + 2)
        return [min(end, begin + step * FEE_UNIT // rate) for step in steps]
