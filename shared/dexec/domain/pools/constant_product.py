"""Constant product pools: x * y stays the same, as in Raydium's standard AMM.

Source of the formulas: the arithmetic of Raydium's program, where the fee is taken from the input, rounded
up, and the output is rounded down. ``tests/vectors`` holds swaps read off the program itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import isqrt

from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools.base import MAX_U64, PRICE_BITS, Swap, ceil_div, other_token

BPS = 10_000
RAYDIUM_FEE_BPS = 25


class ConstantProductCurve:
    """One direction of a constant product pool; ``Curve`` says what each member means.

    With k = 1 - fee the concave curve above the integer one is k*a*y / (x + k*a); its marginal price
    x*y*k / (x + k*a)^2 falls to p at x + k*a = sqrt(x*y*k / p).
    """

    __slots__ = ("_keep", "_product", "_reserve_in", "_reserve_out", "best_price", "max_in", "max_out")
    is_concave = True

    def __init__(self, reserve_in: int, reserve_out: int, fee_bps: int) -> None:
        self._reserve_in = reserve_in
        self._reserve_out = reserve_out
        self._keep = BPS - fee_bps
        self._product = (reserve_in * reserve_out * self._keep << PRICE_BITS) // BPS
        self.best_price = self._product // (reserve_in * reserve_in)
        self.max_in = MAX_U64
        self.max_out = self.exact_in(MAX_U64)

    @property
    def mid(self) -> Fraction:
        """Reserve out over reserve in."""
        return Fraction(self._reserve_out, self._reserve_in)

    def exact_in(self, amount_in: int) -> int:
        """out = floor(net * y / (x + net)), net = in - ceil(in * fee)."""
        if amount_in > MAX_U64:
            raise InsufficientLiquidity("the amount is larger than any balance on chain can be")
        net = amount_in * self._keep // BPS  # the input less its fee rounded up
        return net * self._reserve_out // (self._reserve_in + net)

    def exact_out(self, amount_out: int) -> int:
        """in = ceil(net / (1 - fee)), net = ceil(x * out / (y - out))."""
        if amount_out > self.max_out:
            raise InsufficientLiquidity("the pool does not hold that much")
        net = ceil_div(self._reserve_in * amount_out, self._reserve_out - amount_out)
        return ceil_div(net * BPS, self._keep)

    def swap(self, amount_in: int) -> Swap:
        """The whole fee is the base fee."""
        amount_out = self.exact_in(amount_in)
        net = amount_in * self._keep // BPS
        unrounded = Fraction(net * self._reserve_out, self._reserve_in + net)
        return Swap(amount_in, amount_out, amount_in - net, 0, unrounded)

    def respond(self, price: int) -> tuple[int, int]:
        """Trade until the marginal price has fallen to ``price``."""
        if price >= self.best_price:
            return 0, 0
        if price <= 0:
            return self.max_in, self.max_out
        net = isqrt(self._product // price) - self._reserve_in
        if net <= 0:
            return 0, 0
        amount_in = net * BPS // self._keep
        if amount_in >= MAX_U64:
            return self.max_in, self.max_out
        return amount_in, net * self._reserve_out // (self._reserve_in + net)

    def surplus(self, price: int) -> int:
        """y - 2 * sqrt(x * y * p / k) + p * x / k, each term rounded so that the sum is never too low."""
        if price >= self.best_price:
            return 0
        root = isqrt((self._reserve_in * self._reserve_out * price * BPS << PRICE_BITS) // self._keep)
        toll = ceil_div(price * self._reserve_in * BPS, self._keep)
        return max(0, (self._reserve_out << PRICE_BITS) - 2 * root + toll)

    def kinks(self, low: int, high: int) -> Sequence[int]:
        """Where the pool starts to trade; it is smooth from there on."""
        return (self.best_price,) if low < self.best_price < high else ()

    def even_fees(self, amount_in: int, count: int) -> Sequence[int]:
        """Inputs just below those at which the fee, rounded up, is one more."""
        rate = BPS - self._keep
        if not rate:
            return ()
        fee = amount_in * rate // BPS
        steps = range(max(0, fee - count), fee + count + 2)
        return [min(MAX_U64, step * BPS // rate) for step in steps]


@dataclass(frozen=True)
class ConstantProductPool:
    """A constant product pool at one slot; reserves in base units, both positive."""

    id: str
    venue: str
    token_x: str
    token_y: str
    reserve_x: int = field(repr=False)
    reserve_y: int = field(repr=False)
    fee_bps: int = RAYDIUM_FEE_BPS

    def __post_init__(self) -> None:
        if self.reserve_x <= 0 or self.reserve_y <= 0:
            raise ValueError(f"pool {self.id}: reserves must be positive")
        if not 0 <= self.fee_bps < BPS:
            raise ValueError(f"pool {self.id}: the fee must be at least 0 and below {BPS} bps")

    def curve(self, token_in: str) -> ConstantProductCurve:
        """Return one direction; ``ValueError`` for a token that the pool does not trade."""
        other_token(self, token_in)
        return self._selling_x if token_in == self.token_x else self._selling_y

    def worsened(self, token_in: str, bps: int) -> ConstantProductPool:
        """Return the pool with its price ``bps`` worse for whoever sells ``token_in``."""
        if other_token(self, token_in) == self.token_y:
            return replace(self, reserve_y=self.reserve_y * (BPS - bps) // BPS)
        return replace(self, reserve_x=self.reserve_x * (BPS - bps) // BPS)

    @cached_property
    def _selling_x(self) -> ConstantProductCurve:
        return ConstantProductCurve(self.reserve_x, self.reserve_y, self.fee_bps)

    @cached_property
    def _selling_y(self) -> ConstantProductCurve:
        return ConstantProductCurve(self.reserve_y, self.reserve_x, self.fee_bps)
