"""The stored form of a routing decision and of a fill.

A ``Route`` is exact, in fractions, and lives for one attempt. What is kept of it has amounts as ``int`` base
units, and figures that are only read, prices and percentages, as decimals: prices in token units, token out
per token in, with ten significant digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dexec.domain.quote import Mode, VenueFailure

COST_DIGITS = 6
"""Costs are kept in 10^-6 of a base unit: rounding costs less than one base unit a leg."""


@dataclass(frozen=True, slots=True)
class RecordedLeg:
    """A leg as quoted or as filled; fees in base units of token in, ``output_fee`` of token out."""

    venue: str
    pool_id: str
    hop: int
    token_in: str
    token_out: str
    share_bps: int
    amount_in: int
    amount_out: int
    price: Decimal
    price_impact_bps: Decimal
    base_fee: int
    variable_fee: int
    output_fee: int
    slot: int


@dataclass(frozen=True, slots=True)
class RecordedQuote:
    """A venue's quote; amounts in base units, ``price_impact`` and ``fee`` are fractions."""

    venue: str
    pool_id: str
    price: Decimal
    price_impact: Decimal
    effective_price: Decimal
    fee: Decimal
    liquidity_score: int
    latency_ms: int
    amount_in: int
    amount_out: int
    slot: int


@dataclass(frozen=True, slots=True)
class RecordedAlternative:
    """A route not taken; ``cost_bps`` is its cost against the one taken."""

    description: str
    amount_in: int
    amount_out: int
    cost_bps: Decimal


@dataclass(frozen=True, slots=True)
class RecordedCosts:
    """A route's costs, each in 10^-``COST_DIGITS`` base units of ``token``; they add up exactly."""

    token: str
    reference: int
    fees: int
    impact: int
    rounding: int


@dataclass(frozen=True, slots=True)
class RecordedRoute:
    """A routing decision; ``limit`` and ``bound`` as in ``Route``, in base units of the open token."""

    mode: Mode
    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    limit: int
    reason: str
    legs: tuple[RecordedLeg, ...]
    quotes: tuple[RecordedQuote, ...]
    alternatives: tuple[RecordedAlternative, ...]
    costs: RecordedCosts
    bound: int
    gap_bps: Decimal
    skipped: tuple[VenueFailure, ...]
    slot: int

    @property
    def open_token(self) -> str:
        """The token whose amount the market decided."""
        return self.token_out if self.mode is Mode.EXACT_IN else self.token_in


@dataclass(frozen=True, slots=True)
class RecordedFill:
    """What happened on chain; ``price`` is over the whole fill."""

    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    price: Decimal
    legs: tuple[RecordedLeg, ...]
    slot: int
