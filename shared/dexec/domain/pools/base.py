"""A pool as the router sees it: its exchange functions, and what they give at a price.

A pool is a frozen snapshot of one slot. It trades in two directions, and each direction is a *curve*: how
much comes out for what goes in. Adding a kind of pool means writing a curve; nothing else looks inside.

``exact_in`` and ``exact_out`` are the forward and the reverse exchange function (Angeris et al., "Constant
Function Market Makers: Multi-Asset Trades via Convex Optimization", 2021). ``respond`` and ``surplus`` are
the solution and the value of the arbitrage problem at a price (Diamandis et al., "An Efficient Algorithm for
Optimal Routing Through Constant Function Market Makers", 2023); as a function of the price the value is the
convex conjugate of minus the forward exchange function (Boyd and Vandenberghe, "Convex Optimization", 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

PRICE_BITS = 64
"""Marginal prices are integers: base units out per base unit in, times 2^64 (as Meteora stores them)."""

ONE = 1 << PRICE_BITS
"""The price at which one base unit buys one."""

MAX_U64 = 2**64 - 1
"""No amount on chain is larger."""


@dataclass(frozen=True, slots=True)
class Swap:
    """One swap on one curve, taken apart; amounts in base units.

    ``base_fee`` and ``variable_fee`` are taken from the input, ``output_fee`` from the output, in its own
    token. ``unrounded_out`` is what the pool's prices give for the input after fees before any rounding,
    less ``output_fee``, so ``unrounded_out - amount_out`` is what rounding costs.
    """

    amount_in: int
    amount_out: int
    base_fee: int
    variable_fee: int
    unrounded_out: Fraction
    output_fee: int = 0

    @property
    def fee(self) -> int:
        """What is taken from the input, in base units of the token paid in."""
        return self.base_fee + self.variable_fee


class Curve(Protocol):
    """One direction of a pool. All amounts are base units; prices carry ``PRICE_BITS`` fraction bits.

    ``exact_in``, ``exact_out``, ``least_in`` and ``swap`` are the integer arithmetic of the chain.
    ``respond``, ``surplus`` and ``breakpoints`` describe a concave curve that lies nowhere below it: they
    steer the search and prove its result.
    """

    @property
    def max_in(self) -> int:
        """The largest input that the pool can take whole."""

    @property
    def max_out(self) -> int:
        """The largest output that the pool can give."""

    @property
    def mid(self) -> Fraction:
        """Price of the next infinitesimal swap before fees: base units out per base unit in."""

    @property
    def best_price(self) -> int:
        """The highest marginal price after fees anywhere on the concave curve: 0 for an empty pool."""

    @property
    def is_concave(self) -> bool:
        """Whether only rounding parts the integer curve from the concave one."""

    def exact_in(self, amount_in: int) -> int:
        """Return the output, rounded down as the chain does. ``InsufficientLiquidity`` over ``max_in``."""

    def exact_out(self, amount_out: int) -> int:
        """Return what the program takes for exactly this output; ``InsufficientLiquidity`` over ``max_out``.

        Raises ``SwapRefused`` for an output that the program refuses, though it could give more or less.
        """

    def least_in(self, amount_out: int) -> int:
        """Return the smallest input yielding at least this by ``exact_in``; raises over ``max_out`` only."""

    def swap(self, amount_in: int) -> Swap:
        """Return the swap of ``amount_in`` with its fees taken apart; raises as ``exact_in`` does."""

    def respond(self, price: int) -> tuple[int, int]:
        """Return (in, out) of trading until the marginal price has fallen to ``price``, rounded down.

        It is the trade that gains most at that price.
        """

    def surplus(self, price: int) -> int:
        """Return an upper bound of max(out - price * in) over all inputs, times 2^64, never below 0.

        It is the convex conjugate of -out at -price, rounded up.
        """

    def breakpoints(self, low: int, high: int) -> Sequence[int]:
        """Return the prices strictly between ``low`` and ``high`` at which ``respond`` jumps."""

    def fee_breakpoints(self, amount_in: int, count: int) -> Sequence[int]:
        """Return about ``count`` inputs on either side of this one, each the last before the fee steps up."""


class Pool(Protocol):
    """A pool's state at one slot. ``token_x`` and ``token_y`` are symbols."""

    @property
    def id(self) -> str:
        """The pool's name, unique over all venues."""

    @property
    def venue(self) -> str:
        """The venue the pool belongs to."""

    @property
    def token_x(self) -> str:
        """The symbol of the first token."""

    @property
    def token_y(self) -> str:
        """The symbol of the second token."""

    def curve(self, token_in: str) -> Curve:
        """Return the direction that takes ``token_in`` (one of the pool's tokens, else ``ValueError``)."""


def other_token(pool: Pool, token_in: str) -> str:
    """Return what ``pool`` gives for ``token_in``; ``ValueError`` if it does not trade that token."""
    if token_in == pool.token_x:
        return pool.token_y
    if token_in == pool.token_y:
        return pool.token_x
    raise ValueError(f"pool {pool.id} does not trade {token_in}")
