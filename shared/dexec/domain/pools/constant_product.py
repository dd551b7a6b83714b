"""Constant product pools, x * y = k: the exchange functions of Raydium's CP-swap program, to the unit.

Source of the formulas: the program's source. The trade fee is taken from the input, rounded up; the output
is rounded down. A creator's fee may be added to the trade fee, with one rounding for both, or be taken from
the output, rounded up. ``tests/vectors`` holds swaps read off the program itself, without creator fees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fractions import Fraction
from functools import cached_property
from math import isqrt

from dexec.domain.arithmetic import BPS, ceil_div
from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools.base import MAX_U64, PRICE_BITS, Swap, other_token

RATE_UNIT = 1_000_000
"""Fee rates are in 10^-6 of the amount that they are taken from."""

STANDARD_TRADE_RATE = 2_500
"""25 bps, the trade fee of most of Raydium's pools."""


class CreatorFeeOn(IntEnum):
    """Which token the creator's fee is taken in (``creator_fee_on``)."""

    INPUT = 0
    """Whichever is paid in."""
    TOKEN_X = 1
    TOKEN_Y = 2


class ConstantProductCurve:
    """One direction of a constant product pool; ``Curve`` says what each member means.

    With k = 1 - fee the concave curve above the integer one is k*a*y / (x + k*a); its marginal price
    x*y*k / (x + k*a)^2 falls to p at x + k*a = sqrt(x*y*k / p). A fee c on the output makes y of it (1-c)*y.
    """

    __slots__ = (
        "_keep",
        "_keep_out",
        "_most_worth",
        "_product",
        "_reserve_in",
        "_reserve_out",
        "_reserves",
        "_worth_out",
        "best_price",
        "max_in",
        "max_out",
    )
    is_concave = True

    def __init__(self, reserve_in: int, reserve_out: int, input_rate: int, output_rate: int = 0) -> None:
        self._reserve_in = reserve_in
        self._reserve_out = reserve_out
        self._keep = RATE_UNIT - input_rate
        self._keep_out = RATE_UNIT - output_rate
        self._worth_out = reserve_out * self._keep_out // RATE_UNIT
        self._most_worth = ceil_div(reserve_out * self._keep_out << PRICE_BITS, RATE_UNIT)
        self._reserves = reserve_in * reserve_out * self._keep_out << PRICE_BITS
        self._product = self._reserves * self._keep // RATE_UNIT**2
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
        net = amount_in * self._keep // RATE_UNIT  # the input less its fee rounded up
        return net * self._reserve_out // (self._reserve_in + net)

    def exact_out(self, amount_out: int) -> int:
        """in = ceil(net / (1 - fee)), net = ceil(x * out / (y - out))."""
        if amount_out > self.max_out:
            raise InsufficientLiquidity("the pool does not hold that much")
        net = ceil_div(self._reserve_in * amount_out, self._reserve_out - amount_out)
        return ceil_div(net * RATE_UNIT, self._keep)

    least_in = exact_out
    """Nothing is refused."""

    def swap(self, amount_in: int) -> Swap:
        """The whole fee is the base fee."""
        amount_out = self.exact_in(amount_in)
        net = amount_in * self._keep // RATE_UNIT
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
        amount_in = net * RATE_UNIT // self._keep
        if amount_in >= MAX_U64:
            return self.max_in, self.max_out
        return amount_in, net * self._worth_out // (self._reserve_in + net)

    def surplus(self, price: int) -> int:
        """y - 2 * sqrt(x * y * p / k) + p * x / k, each term rounded so that the sum is never too low."""
        if price >= self.best_price:
            return 0
        root = isqrt(self._reserves * price // self._keep)
        linear = ceil_div(price * self._reserve_in * RATE_UNIT, self._keep)
        return max(0, self._most_worth - 2 * root + linear)

    def breakpoints(self, low: int, high: int) -> Sequence[int]:
        """Where the pool starts to trade; it is smooth from there on."""
        return (self.best_price,) if low < self.best_price < high else ()

    def fee_breakpoints(self, amount_in: int, count: int) -> Sequence[int]:
        """Inputs just below those at which the fee, rounded up, is one more."""
        rate = RATE_UNIT - self._keep
        if not rate:
            return ()
        fee = amount_in * rate // RATE_UNIT
        steps = range(max(0, fee - count), fee + count + 2)
        return [min(MAX_U64, step * RATE_UNIT // rate) for step in steps]


class CreatorFeeCurve(ConstantProductCurve):
    """A direction in which the creator's fee is taken from the output."""

    __slots__ = ()

    def exact_in(self, amount_in: int) -> int:
        """out - ceil(out * creator fee)."""
        return super().exact_in(amount_in) * self._keep_out // RATE_UNIT

    def exact_out(self, amount_out: int) -> int:
        """What ceil(out / (1 - creator fee)) takes."""
        if amount_out > self.max_out:
            raise InsufficientLiquidity("the pool does not hold that much")
        gross = ceil_div(amount_out * RATE_UNIT, self._keep_out)
        net = ceil_div(self._reserve_in * gross, self._reserve_out - gross)
        return ceil_div(net * RATE_UNIT, self._keep)

    least_in = exact_out

    def swap(self, amount_in: int) -> Swap:
        """The trade fee is the base fee, the creator's the output fee."""
        swap = super().swap(amount_in)
        output_fee = super().exact_in(amount_in) - swap.amount_out
        return replace(swap, unrounded_out=swap.unrounded_out - output_fee, output_fee=output_fee)


@dataclass(frozen=True)
class ConstantProductPool:
    """A constant product pool at one slot; reserves in base units, both positive.

    The reserves are what the vaults hold less the fees that are kept there. Rates are in 10^-6; a pool
    whose creator takes no fee has a ``creator_fee_rate`` of 0.
    """

    id: str
    venue: str
    token_x: str
    token_y: str
    reserve_x: int = field(repr=False)
    reserve_y: int = field(repr=False)
    trade_fee_rate: int = STANDARD_TRADE_RATE
    creator_fee_rate: int = 0
    creator_fee_on: CreatorFeeOn = CreatorFeeOn.INPUT

    def __post_init__(self) -> None:
        if self.reserve_x <= 0 or self.reserve_y <= 0:
            raise ValueError(f"pool {self.id}: reserves must be positive")
        if min(self.trade_fee_rate, self.creator_fee_rate) < 0:
            raise ValueError(f"pool {self.id}: a fee cannot be negative")
        if self.trade_fee_rate + self.creator_fee_rate >= RATE_UNIT:
            raise ValueError(f"pool {self.id}: the fees must stay below the whole amount")

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
        return self._make_curve(self.reserve_x, self.reserve_y, CreatorFeeOn.TOKEN_Y)

    @cached_property
    def _selling_y(self) -> ConstantProductCurve:
        return self._make_curve(self.reserve_y, self.reserve_x, CreatorFeeOn.TOKEN_X)

    def _make_curve(self, reserve_in: int, reserve_out: int, output: CreatorFeeOn) -> ConstantProductCurve:
        """Return the direction whose output is in ``output``."""
        trade, creator = self.trade_fee_rate, self.creator_fee_rate
        if creator and self.creator_fee_on is output:
            return CreatorFeeCurve(reserve_in, reserve_out, trade, creator)
        return ConstantProductCurve(reserve_in, reserve_out, trade + creator)
