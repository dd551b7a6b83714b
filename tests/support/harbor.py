"""A made-up venue, Harbor: a desk that trades at one price, less a fee, until its stock is gone.

All it takes to add a venue to the paper market: a pool, its curve, and the function that makes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dexec.adapters.paper.simulator import PPM, Sketch
from dexec.domain.arithmetic import BPS, ceil_div
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import PRICE_BITS, Swap, other_token

FEE_BPS = 10


@dataclass(frozen=True)
class HarborCurve:
    """One direction: ``price`` is token out per token in, with ``PRICE_BITS`` fraction bits."""

    price: int
    max_out: int
    is_concave = True

    @property
    def max_in(self) -> int:
        return self.exact_out(self.max_out)

    @property
    def mid(self) -> Fraction:
        return Fraction(self.price, 1 << PRICE_BITS)

    @property
    def best_price(self) -> int:
        return self.price * (BPS - FEE_BPS) // BPS + 1

    def exact_in(self, amount_in: int) -> int:
        if amount_in > self.max_in:
            raise InsufficientLiquidity("the desk has not that much in stock")
        net = amount_in * (BPS - FEE_BPS) // BPS
        return min(self.max_out, net * self.price >> PRICE_BITS)

    def exact_out(self, amount_out: int) -> int:
        if amount_out > self.max_out:
            raise InsufficientLiquidity("the desk has not that much in stock")
        net = ceil_div(amount_out << PRICE_BITS, self.price)
        return ceil_div(net * BPS, BPS - FEE_BPS)

    def least_in(self, amount_out: int) -> int:
        return self.exact_out(amount_out)

    def swap(self, amount_in: int) -> Swap:
        net = amount_in * (BPS - FEE_BPS) // BPS
        return Swap(amount_in, self.exact_in(amount_in), amount_in - net, 0, net * self.mid)

    def respond(self, price: int) -> tuple[int, int]:
        return (self.max_in, self.max_out) if price < self.best_price else (0, 0)

    def surplus(self, price: int) -> int:
        least_in = (self.max_out << PRICE_BITS) // self.best_price
        return max(0, (self.max_out << PRICE_BITS) - price * least_in)

    def breakpoints(self, low: int, high: int) -> Sequence[int]:
        return (self.best_price,) if low < self.best_price < high else ()

    def fee_breakpoints(self, amount_in: int, count: int) -> Sequence[int]:
        fee = amount_in * FEE_BPS // BPS
        steps = range(max(0, fee - count), fee + count + 2)
        return [step * BPS // FEE_BPS for step in steps if step * BPS // FEE_BPS <= self.max_in]


@dataclass(frozen=True)
class HarborPool:
    """``price`` is y per x in base units, with ``PRICE_BITS`` fraction bits."""

    id: str
    venue: str
    token_x: str
    token_y: str
    price: int
    stock_x: int
    stock_y: int

    def curve(self, token_in: str) -> HarborCurve:
        if other_token(self, token_in) == self.token_y:
            return HarborCurve(self.price, self.stock_y)
        return HarborCurve((1 << 2 * PRICE_BITS) // self.price, self.stock_x)

    def worsened(self, token_in: str, bps: int) -> HarborPool:
        sells_x = other_token(self, token_in) == self.token_y
        better, worse = (BPS - bps, BPS) if sells_x else (BPS, BPS - bps)
        return replace(self, price=self.price * better // worse)


def harbor(sketch: Sketch) -> HarborPool:
    """Make the desk of a pair: it holds a fiftieth of the sketch's reserves."""
    stock_x, stock_y = (reserve // 50 for reserve in sketch.reserves)
    price = (stock_y << PRICE_BITS) // stock_x * (PPM + sketch.deviation_ppm) // PPM
    return HarborPool(sketch.pool_id, sketch.venue, *sketch.pair, price, stock_x, stock_y)
