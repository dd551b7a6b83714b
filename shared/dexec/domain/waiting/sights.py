"""Prices of a book for display: its newest tick, its highest prices since a slot, a thinned series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from dexec.domain.quote import Pair


@dataclass(frozen=True, slots=True)
class Sight:
    """Both prices of a book at one slot, in base units of token out per base unit of token in."""

    slot: int
    at: datetime
    reference: Fraction
    mid: Fraction


@dataclass(frozen=True, slots=True)
class Mark:
    """A book whose newest tick is wanted; with ``since``, its highest prices after that slot, too."""

    pair: Pair
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A book's newest tick, and its highest reference and mid after a slot, where there was a tick."""

    newest: Sight
    highest: tuple[Fraction, Fraction] | None = None


def thinned(sights: tuple[Sight, ...], most: int) -> tuple[Sight, ...]:
    """Return ``most`` of them at the most, evenly spread; the last is always among them."""
    step = -(-len(sights) // most) if sights else 1
    return tuple(reversed(sights[::-1][::step]))
