"""What a waiting order waits for: a limit, a stop, or a stop that trails the market."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from dexec.domain.arithmetic import BPS
from dexec.domain.waiting.prices import Price

MOST_CONFIRM_TICKS = 10


class Kind(StrEnum):
    """What triggers an order: one of the kinds of conditions, or the end of a stop's cool-down."""

    LIMIT = "limit"
    STOP = "stop"
    TRAIL = "trail"
    RETRY = "retry"


class PriceType(StrEnum):
    """Which of a book's prices a stop is compared with.

    The reference is what the router gives for a small amount; ``MID`` the mean of it and the opposite
    book's inverse.
    """

    REFERENCE = "reference"
    MID = "mid"


@dataclass(frozen=True, slots=True)
class Limit:
    """Due when the reference is at the price or better."""

    price: Price


@dataclass(frozen=True, slots=True)
class Stop:
    """Due when the last ``confirm_ticks`` ticks are at the price or worse."""

    price: Price
    price_type: PriceType = PriceType.REFERENCE
    confirm_ticks: int = 2


@dataclass(frozen=True, slots=True)
class Trail:
    """A stop at ``1 - bps / 10,000`` of the highest tick since it became active.

    It is active from the first tick after it was stored, with ``activation`` from the first of them at that
    price or better.
    """

    bps: int
    activation: Price | None = None
    price_type: PriceType = PriceType.REFERENCE
    confirm_ticks: int = 2

    @property
    def kept(self) -> Fraction:
        """The part of the highest price at which it stops."""
        return Fraction(BPS - self.bps, BPS)


Condition = Limit | Stop | Trail
