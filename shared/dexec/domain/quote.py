"""Quotes and routes: the request, the venues' pool snapshots, their quotes, and the route that is chosen.

All amounts are ``int`` base units; a price is base units out per base unit in, as an exact ``Fraction``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.arithmetic import BPS, ceil_div
from dexec.domain.pools.base import Pool


class Mode(StrEnum):
    """Which side of the swap the client fixes."""

    EXACT_IN = "exactIn"
    EXACT_OUT = "exactOut"


EXACT_IN, EXACT_OUT = Mode.EXACT_IN, Mode.EXACT_OUT
"""The members themselves, for the router: up to Python 3.11 each ``Mode.EXACT_OUT`` is a call in Python."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A direction to trade in, by symbols."""

    token_in: str
    token_out: str


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What is to be routed; ``amount`` is base units of token in (exact in) or token out (exact out).

    ``limit`` is the client's own, in base units of the open token: the least output (exact in) or the
    greatest input (exact out) that it accepts, whatever the quote. ``deadline_s`` counts from acceptance:
    nothing is signed after it.
    """

    mode: Mode
    token_in: str
    token_out: str
    amount: int
    slippage_bps: int = 50
    limit: int | None = None
    deadline_s: int | None = None

    @property
    def limit_name(self) -> str:
        """How clients name ``limit``."""
        return "minAmountOut" if self.mode is Mode.EXACT_IN else "maxAmountIn"

    @property
    def exact_token(self) -> str:
        """The token that ``amount`` counts."""
        return self.token_in if self.mode is Mode.EXACT_IN else self.token_out

    @property
    def open_token(self) -> str:
        """The token whose amount the market decides."""
        return self.token_out if self.mode is Mode.EXACT_IN else self.token_in


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """What one venue answered: the states of its pools at one slot, after ``latency_ms``."""

    venue: str
    slot: int
    pools: tuple[Pool, ...]
    latency_ms: int


@dataclass(frozen=True, slots=True)
class VenueFailure:
    """A venue that was left out, and why, in words for the client."""

    venue: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A swap on one pool, as quoted or as filled.

    ``hop`` is 1, or 2 for the second swap of a path. Fees are in base units of the leg's token in; ``mid``
    is the pool's price before the swap and before fees; ``unrounded_out`` what its prices give after all
    fees; ``share_bps`` the part of the route's token in (hop 1) or of the hop's (hop 2). ``output_fee`` is
    what some pools take from what comes out instead, in base units of token out.
    """

    venue: str
    pool_id: str
    token_in: str
    token_out: str
    hop: int
    share_bps: int
    amount_in: int
    amount_out: int
    base_fee: int
    variable_fee: int
    mid: Fraction
    unrounded_out: Fraction
    slot: int
    output_fee: int = 0

    @property
    def price_impact(self) -> Fraction:
        """What the leg's own size does to the price, fees apart: a signed fraction, -0.01 is 1 % worse."""
        net_in = self.amount_in - self.base_fee - self.variable_fee
        return price_impact(net_in, self.amount_out + self.output_fee, self.mid)


@dataclass(frozen=True, slots=True)
class Quote:
    """One venue's priced offer for the whole order, from one snapshot.

    It is the best of the venue's pools for the pair. ``depth_out`` is what that pool gives before its
    marginal price is 1 % worse. Fees are base units of token in, ``output_fee`` of token out.
    """

    venue: str
    pool_id: str
    slot: int
    latency_ms: int
    amount_in: int
    amount_out: int
    base_fee: int
    variable_fee: int
    mid: Fraction
    depth_out: int
    output_fee: int = 0

    @property
    def price_impact(self) -> Fraction:
        """As in ``Leg``."""
        net_in = self.amount_in - self.base_fee - self.variable_fee
        return price_impact(net_in, self.amount_out + self.output_fee, self.mid)

    @property
    def fee_fraction(self) -> Fraction:
        """All fees as a fraction of what is paid in; those on the output at the mid price."""
        mid = self.mid
        fees = (self.base_fee + self.variable_fee) * mid.numerator + self.output_fee * mid.denominator
        return Fraction(fees, mid.numerator * self.amount_in)

    @property
    def effective_price(self) -> Fraction:
        """``mid * (1 + price_impact)``: what is got per unit that is left after fees."""
        net_in = self.amount_in - self.base_fee - self.variable_fee
        return Fraction(self.amount_out + self.output_fee, net_in) if net_in > 0 else self.mid

    @property
    def liquidity_score(self) -> int:
        """0 to 100: floor(100 * depth / (depth + amount_out)); 50 is an order as large as the depth."""
        return 100 * self.depth_out // (self.depth_out + self.amount_out)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A route that was not taken, and what taking it would have cost (of what the chosen one nets)."""

    description: str
    amount_in: int
    amount_out: int
    cost_bps: Fraction


@dataclass(frozen=True, slots=True)
class PlanLeg:
    """One swap of a plan; ``amount`` is its input (exact in) or its output (exact out)."""

    venue: str
    pool_id: str
    hop: int
    token_in: str
    token_out: str
    amount: int


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """What a transaction's instruction carries: the exact amount, the limit on the other, and the legs."""

    mode: Mode
    token_in: str
    token_out: str
    amount: int
    limit: int
    legs: tuple[PlanLeg, ...]

    def to_json(self) -> str:
        """Return the plan as compact JSON; ``from_json`` reads it back."""
        legs = [
            [leg.venue, leg.pool_id, leg.hop, leg.token_in, leg.token_out, leg.amount] for leg in self.legs
        ]
        head = [self.mode.value, self.token_in, self.token_out, self.amount, self.limit]
        return json.dumps([*head, legs], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SwapPlan:
        """Read what ``to_json`` wrote; ``ValueError`` for anything else."""
        try:
            mode, token_in, token_out, amount, limit, legs = json.loads(text)
            plan = cls(Mode(mode), token_in, token_out, amount, limit, tuple(PlanLeg(*leg) for leg in legs))
        except (TypeError, ValueError) as exc:
            raise ValueError(f"not a swap plan: {text[:80]!r}") from exc
        numbers = (plan.amount, plan.limit, *(n for leg in plan.legs for n in (leg.amount, leg.hop)))
        if not legs or any(type(number) is not int or number < 0 for number in numbers):
            raise ValueError(f"not a swap plan: {text[:80]!r}")
        return plan


@dataclass(frozen=True, slots=True)
class Route:
    """What was chosen, and why.

    ``limit`` is the least output (exact in) or the greatest input (exact out) that the transaction
    accepts. ``bound`` is proven: no route over these pools gives more (exact in) or takes less (exact
    out), leg costs included; ``gap_bps`` is how far this route is from it. ``slot`` is the oldest slot of
    the snapshots it rests on.
    """

    mode: Mode
    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    limit: int
    legs: tuple[Leg, ...]
    quotes: tuple[Quote, ...]
    alternatives: tuple[Alternative, ...]
    reason: str
    leg_cost: int
    bound: int
    gap_bps: Fraction
    skipped: tuple[VenueFailure, ...]
    slot: int

    def plan(self) -> SwapPlan:
        """Return what the transaction's instruction carries."""
        exact_in = self.mode is Mode.EXACT_IN
        legs = tuple(
            PlanLeg(
                leg.venue,
                leg.pool_id,
                leg.hop,
                leg.token_in,
                leg.token_out,
                leg.amount_in if exact_in else leg.amount_out,
            )
            for leg in self.legs
        )
        amount = self.amount_in if exact_in else self.amount_out
        return SwapPlan(self.mode, self.token_in, self.token_out, amount, self.limit, legs)


@dataclass(frozen=True, slots=True)
class Fill:
    """What happened on chain, leg by leg."""

    amount_in: int
    amount_out: int
    legs: tuple[Leg, ...]
    slot: int


def price_impact(net_in: int, amount_out: int, mid: Fraction) -> Fraction:
    """Return how much worse (below 0) ``amount_out`` is than ``net_in`` at ``mid``, as a fraction."""
    if net_in <= 0:
        return Fraction(0)
    worth = net_in * mid.numerator
    return Fraction(amount_out * mid.denominator - worth, worth)


def signed_limit(request: RouteRequest, amount_in: int, amount_out: int) -> int:
    """Return the limit that a transaction for these quoted amounts carries, in base units of the open token.

    It is the stricter of the one that the slippage leaves and the client's own.
    """
    within = slippage_limit(request.mode, amount_in, amount_out, request.slippage_bps)
    if request.limit is None:
        return within
    return (max if request.mode is Mode.EXACT_IN else min)(within, request.limit)


def slippage_limit(mode: Mode, amount_in: int, amount_out: int, slippage_bps: int) -> int:
    """Return the least output or greatest input within ``slippage_bps``, rounded in the trader's favour.

    A greatest input is ``MAX_BASE_UNITS`` at the most: no balance holds more.
    """
    if mode is Mode.EXACT_IN:
        return ceil_div(amount_out * (BPS - slippage_bps), BPS)
    return min(MAX_BASE_UNITS, amount_in * (BPS + slippage_bps) // BPS)
