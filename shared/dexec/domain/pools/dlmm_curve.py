"""One direction of a DLMM pool: prefix sums over its bins, and the concave hull above them.

Every bin trades at one price and one fee rate, so a swap is a walk over bins: drain one, go on to the next.
The walk is done once, when the curve is made; a swap then is a bisection and one bin's arithmetic. Most bins
hold nothing but market making and take their fee from the input: those have their arithmetic here. Others
bring theirs (``TradingBin``), as the layers of a bin with limit orders round one by one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from dexec.domain.errors import PoolExhausted
from dexec.domain.pools.base import PRICE_BITS, Swap, ceil_div
from dexec.domain.pools.dlmm_bin import TradingBin
from dexec.domain.pools.dlmm_fees import FEE_UNIT

_HULL_BITS = 32
"""Fraction bits of the inputs on the hull: the bound must not lose a unit per bin to rounding."""


class CurveBin(NamedTuple):
    """A bin as one direction meets it: its Q64.64 price, what it gives in all after fees, and what of
    10^9 is left of an amount after the fee. ``rule`` is the bin's own arithmetic, if it needs one.
    """

    price: int
    gives: int
    keep: int
    rule: TradingBin | None = None

    @classmethod
    def of(cls, entry: TradingBin) -> CurveBin:
        """Return the bin, with its own arithmetic unless it is all market making, the fee on the input."""
        keep = FEE_UNIT - entry.fee_rate
        if entry.fee_on_input and not any(entry.layers[1:]):
            return cls(entry.price, entry.layers[0], keep)
        return cls(entry.price, entry.drained.amount_out, keep, entry)


class DlmmCurve:
    """One direction of a DLMM pool; ``Curve`` says what each member means.

    ``_ins[k]`` and ``_outs[k]`` are what the first k bins take when drained, fees included, and give.
    ``_past[k]`` is the least input that goes beyond them: a unit more than ``_ins[k]``, or two, as the unit
    may be lost to the rounding of the fee in the last of them.
    """

    def __init__(self, bins: Iterable[CurveBin], *, sells_x: bool, base_rate: int, active_price: int) -> None:
        self._bins = list(bins)
        self._sells_x = sells_x
        self._base_rate = base_rate
        first = self._bins[0].price if self._bins else active_price
        self.mid = Fraction(first, 1 << PRICE_BITS) if sells_x else Fraction(1 << PRICE_BITS, first)
        self._ins, self._outs, self._past = self._drain()
        self.max_in = self._past[-1] - 1 if self._bins else 0
        self.max_out = self._outs[-1]

    def _drain(self) -> tuple[list[int], list[int], list[int]]:
        """Return what the first k bins take, what they give, and what goes beyond them, for every k."""
        ins, outs, past = [0], [0], [0]
        taken = given = 0
        for price, gives, keep, rule in self._bins:
            net, keep_in = self._net_for(price, gives), keep
            if rule is not None:
                net, keep_in = sum(rule.drained.nets), keep if rule.fee_on_input else FEE_UNIT
            past.append(taken - (-(net + 1) * FEE_UNIT // keep_in))
            taken -= -net * FEE_UNIT // keep_in
            given += gives
            ins.append(taken)
            outs.append(given)
        return ins, outs, past

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
            return -(-(amount_out << PRICE_BITS) // price)
        return -(-amount_out * price >> PRICE_BITS)

    def _value(self, price: int, net: int) -> int:
        """Return what ``net`` is worth at a bin's price, times 2^64."""
        return net * price if self._sells_x else (net << 2 * PRICE_BITS) // price

    @cached_property
    def _relaxed_ins(self) -> list[int]:
        """What the first k bins take without any rounding up, in 2^-32 units, rounded down."""
        relaxed, taken = [0], 0
        for price, gives, keep, _ in self._bins:
            # sell X: in = out * 2^64 / P, sell Y: in = out * P / 2^64; then / (1 - rate).
            out = gives * FEE_UNIT << _HULL_BITS
            gross = (out << PRICE_BITS) // price if self._sells_x else out * price >> PRICE_BITS
            taken += gross // keep
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
        if amount_in > self.max_in:
            raise PoolExhausted
        if not amount_in:
            return 0
        drained = bisect_right(self._past, amount_in) - 1
        price, gives, keep, rule = self._bins[drained]
        left = amount_in - self._ins[drained]
        if rule is not None:
            return self._outs[drained] + rule.exact_in(left).amount_out
        net = left * keep // FEE_UNIT
        out = net * price >> PRICE_BITS if self._sells_x else (net << PRICE_BITS) // price
        return self._outs[drained] + min(out, gives)

    def exact_out(self, amount_out: int) -> int:
        """What the program takes: per bin, the least net for what is left, and the least input leaving it."""
        if amount_out > self.max_out:
            raise PoolExhausted
        reached = bisect_left(self._outs, amount_out)
        if self._outs[reached] == amount_out:
            return self._ins[reached]
        price, _, keep, rule = self._bins[reached - 1]
        left = amount_out - self._outs[reached - 1]
        if rule is not None:
            return self._ins[reached - 1] + rule.exact_out(left).amount_in
        return self._ins[reached - 1] - (-self._net_for(price, left) * FEE_UNIT // keep)

    def least_in(self, amount_out: int) -> int:
        """The exact inverse of ``exact_in``: each layer rounded up on its own, as that rounds them down."""
        if amount_out > self.max_out:
            raise PoolExhausted
        reached = bisect_left(self._outs, amount_out)
        if not reached:
            return 0
        least = self._ins[reached]
        left = amount_out - self._outs[reached - 1]
        price, gives, keep, rule = self._bins[reached - 1]
        if left < gives:
            gross = rule.least_in(left) if rule else ceil_div(self._net_for(price, left) * FEE_UNIT, keep)
            least = self._ins[reached - 1] + gross
        return max(least, self._past[reached - 1])

    def swap(self, amount_in: int) -> Swap:
        """The fee is split at each bin in the ratio of the base rate to the whole rate."""
        amount_out = self.exact_in(amount_in)
        base_fee = fee = output_fee = value = 0
        reached = bisect_right(self._past, amount_in) if amount_in else 0
        for place, (price, gives, keep, rule) in enumerate(self._bins[:reached]):
            is_last = place == reached - 1
            taken = amount_in - self._ins[place] if is_last else self._ins[place + 1] - self._ins[place]
            if rule is not None:
                trade = rule.exact_in(taken)
                net = sum(trade.nets)
                output_fee += 0 if rule.fee_on_input else trade.fee
                bin_fee = trade.fee if rule.fee_on_input else 0
            else:
                net = taken * keep // FEE_UNIT if is_last else self._net_for(price, gives)
                bin_fee = taken - net
            fee += bin_fee
            base_fee += self._base_part(bin_fee, FEE_UNIT - keep)
            value += self._value(price, net)
        unrounded = Fraction(value, 1 << PRICE_BITS) - output_fee
        return Swap(amount_in, amount_out, base_fee, fee - base_fee, unrounded, output_fee)

    def respond(self, price: int) -> tuple[int, int]:
        """Drain every bin whose stretch of the hull is steeper than ``price``."""
        if price <= 0:
            return self.max_in, self.max_out
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
        """Within the bin that ``amount_in`` reaches: inputs just below those whose fee is one more.

        Where the fee is taken from the output, the inputs that give just the outputs with such a fee.
        """
        drained = bisect_right(self._past, amount_in) - 1
        if drained == len(self._bins):
            return ()
        begin, end, keep = self._ins[drained], self._ins[drained + 1], self._bins[drained].keep
        rate, rule = FEE_UNIT - keep, self._bins[drained].rule
        if not rate:
            return (begin, end)
        if rule is None or rule.fee_on_input:
            fee = max(0, amount_in - begin) * rate // FEE_UNIT
            steps = range(max(0, fee - count), fee + count + 2)
            return [min(end, begin + step * FEE_UNIT // rate) for step in steps]
        fee = rule.exact_in(amount_in - begin).fee
        steps = range(max(0, fee - count), fee + count + 2)
        return [min(end, begin + rule.net_for(step * FEE_UNIT // rate)) for step in steps]
