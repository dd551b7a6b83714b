"""DLMM pools: the exchange functions by prefix sums over the bins, and the concave hull above them.

Every bin trades at one price and one fee rate, so a swap is a walk over bins: drain one, go on to the next.
The walk is done once, when the curve is made; a swap then is a bisection and one bin's arithmetic. Most bins
hold nothing but market making and take their fee from the input: those have their arithmetic here. Others
bring theirs (``TradingBin``), as the layers of a bin with limit orders round one by one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property

from dexec.domain.arithmetic import ceil_div
from dexec.domain.pools.base import PRICE_BITS, Swap
from dexec.domain.pools.dlmm_bin import TradingBin
from dexec.domain.pools.dlmm_fees import FEE_UNIT
from dexec.domain.pools.refusals import PoolExhausted

_HULL_BITS = 32
"""Fraction bits of the inputs on the hull: the bound must not lose a unit per bin to rounding."""


CurveBin = tuple[int, int, int, TradingBin | None]
"""A bin as one direction meets it: its Q64.64 price, what it gives in all after fees, what of 10^9 is left
of an amount after the fee, and its own arithmetic if it needs one."""


def curve_bin(entry: TradingBin) -> CurveBin:
    """Return the bin, with its own arithmetic unless it is all market making, the fee on the input."""
    keep = FEE_UNIT - entry.fee_rate
    if entry.fee_on_input and not any(entry.layers[1:]):
        return entry.price, entry.layers[0], keep, None
    return entry.price, entry.drained.amount_out, keep, entry


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
        first = self._bins[0][0] if self._bins else active_price
        self.mid = Fraction(first, 1 << PRICE_BITS) if sells_x else Fraction(1 << PRICE_BITS, first)
        self._nets: list[int] = []
        self._ins, self._outs, self._past = [0], [0], [0]
        self._drain()
        self.max_in = max(0, self._past[-1] - 1)
        self.max_out = self._outs[-1]
        self._responses = [*self._ins[:-1], self.max_in]

    def _drain(self) -> None:
        """Find what each bin takes when drained, and the sums over the first k bins, for every k."""
        sells_x = self._sells_x
        taken = given = 0
        for price, gives, keep, rule in self._bins:
            if rule is not None:
                net, keep_in = sum(rule.drained.nets), keep if rule.fee_on_input else FEE_UNIT
            else:
                net = -(-(gives << PRICE_BITS) // price) if sells_x else -(-gives * price >> PRICE_BITS)
                keep_in = keep
            gross, rest = divmod(-net * FEE_UNIT, keep_in)
            taken -= gross
            given += gives
            self._nets.append(net)
            self._ins.append(taken)
            self._outs.append(given)
            # With another unit, net would still be the same if (gross + 1) * keep < (net + 1) * 10^9.
            self._past.append(taken + (2 if rest + keep_in < FEE_UNIT else 1))

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

        A monotone chain (Andrew, "Another Efficient Algorithm for Convex Hulls in Two Dimensions", 1979).
        Its corners lie at relaxed inputs, so the hull is nowhere below the integer curve: that needs at
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
        if len(falling) > 1 and not falling[-1]:  # the last bins give nothing, as the fee takes it all
            corners[-2:] = corners[-1:]
            falling.pop()
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
        for (price, _, keep, rule), taken, net in self._reached(amount_in):
            if rule is not None and not rule.fee_on_input:
                output_fee += rule.exact_in(taken).fee
            fee += taken - net
            base_fee += self._base_part(taken - net, FEE_UNIT - keep)
            value += net * price if self._sells_x else (net << 2 * PRICE_BITS) // price
        unrounded = Fraction(value - (output_fee << PRICE_BITS), 1 << PRICE_BITS)
        return Swap(amount_in, amount_out, base_fee, fee - base_fee, unrounded, output_fee)

    def _reached(self, amount_in: int) -> Iterator[tuple[CurveBin, int, int]]:
        """Yield the bins that ``amount_in`` trades in, what each takes, and that less its fee."""
        last = bisect_right(self._past, amount_in) - 1
        ins, nets, bins = self._ins, self._nets, self._bins
        for place in range(last):
            yield bins[place], ins[place + 1] - ins[place], nets[place]
        if amount_in:
            keep, rule = bins[last][2:]
            taken = amount_in - ins[last]
            is_free = rule is not None and not rule.fee_on_input
            yield bins[last], taken, taken if is_free else taken * keep // FEE_UNIT

    def respond(self, price: int) -> tuple[int, int]:
        """Drain every bin whose stretch of the hull is steeper than ``price``."""
        corners, falling = self._hull
        corner = corners[bisect_left(falling, -price)]
        return self._responses[corner], self._outs[corner]

    def surplus(self, price: int) -> int:
        """The best corner of the hull; its neighbours are tried as slopes are rounded."""
        corners, falling = self._hull
        place = bisect_left(falling, -price)
        nearby = corners[max(0, place - 1) : place + 2]
        return max(
            (self._outs[corner] << PRICE_BITS) - (price * self._relaxed_ins[corner] >> _HULL_BITS)
            for corner in (0, *nearby)
        )

    def breakpoints(self, low: int, high: int) -> Sequence[int]:
        """The slopes of the hull."""
        falling = self._hull[1]
        return [-slope for slope in falling[bisect_right(falling, -high) : bisect_left(falling, -low)]]

    def fee_breakpoints(self, amount_in: int, count: int) -> Sequence[int]:
        """Within the bin that ``amount_in`` reaches: inputs just below those whose fee is one more.

        Where the fee is taken from the output, the inputs that give just the outputs with such a fee.
        """
        drained = bisect_right(self._past, amount_in) - 1
        if drained == len(self._bins):
            return ()
        begin, end, (_, _, keep, rule) = self._ins[drained], self._ins[drained + 1], self._bins[drained]
        rate = FEE_UNIT - keep
        if not rate:
            return (begin, end)
        if rule is None or rule.fee_on_input:
            fee = max(0, amount_in - begin) * rate // FEE_UNIT
            steps = range(max(0, fee - count), fee + count + 2)
            return [min(end, begin + step * FEE_UNIT // rate) for step in steps]
        fee = rule.exact_in(amount_in - begin).fee
        steps = range(max(0, fee - count), fee + count + 2)
        return [min(end, begin + rule.net_for(step * FEE_UNIT // rate)) for step in steps]
