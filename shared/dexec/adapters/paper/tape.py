"""The tape of the paper market: moves of tokens' values, which prices are multiplied by.

Prices without moves are those of the seed. A *move* multiplies a token's value by a factor from its slot on,
for good; several moves multiply, in whatever order they were written. A pool at a slot is a pure function of
seed, tape and slot.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Protocol

from dexec.domain.errors import Invalid

LOWEST, HIGHEST = Fraction(1, 1_000), Fraction(1_000)
"""The range of all moves of a token together: pools and wallets count in 64 bits."""

MAX_MOVES = 1_000
"""A tape holds at most this many: each process reads all of them once, and multiplies them exactly."""

_UNMOVED: Mapping[str, Fraction] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PriceMove:
    """From ``slot`` on, ``token`` is worth ``factor`` times as much. ``move_id`` names a stored one."""

    slot: int
    token: str
    factor: Fraction
    move_id: str = ""


class TapeSource(Protocol):
    """Where a market finds the moves."""

    def factors(self, slot: int) -> Mapping[str, Fraction]:
        """Return by how much each moved token is worth more at ``slot``; empty before the first move."""


class Tape:
    """Moves that are known as a whole; a token that they take past ``LOWEST`` or ``HIGHEST`` stays there."""

    def __init__(self, moves: Iterable[PriceMove] = ()) -> None:
        self.moves = tuple(sorted(moves, key=attrgetter("slot")))
        steps = list(_steps(self.moves))
        self._slots = [slot for slot, _ in steps]
        self._held = [{token: _within(factor) for token, factor in step.items()} for _, step in steps]

    def factors(self, slot: int) -> Mapping[str, Fraction]:
        """Return each moved token's factor at ``slot``, all its moves up to there multiplied."""
        place = bisect_right(self._slots, slot)
        return self._held[place - 1] if place else _UNMOVED

    def extended(self, moves: Iterable[PriceMove]) -> Tape:
        """Return this tape with more moves."""
        return Tape((*self.moves, *moves))

    def check(self) -> None:
        """Raise ``Invalid`` for more moves than a tape holds, and for a token that leaves the range."""
        if len(self.moves) > MAX_MOVES:
            raise Invalid(f"a tape holds {MAX_MOVES} moves, not {len(self.moves)}")
        for slot, step in _steps(self.moves):
            for token, factor in step.items():
                if factor != _within(factor):
                    raise Invalid(
                        f"{token} would be at {in_words(factor)} of its untaped price from slot {slot} on; "
                        f"a tape keeps it between {in_words(LOWEST)} and {in_words(HIGHEST)}"
                    )


def in_words(factor: Fraction) -> str:
    """Return a factor as ``x0.95``, six significant digits at the most."""
    return f"x{Decimal(factor.numerator) / Decimal(factor.denominator):.6g}"


def _steps(moves: Iterable[PriceMove]) -> Iterator[tuple[int, dict[str, Fraction]]]:
    """Yield each slot at which something moves, with all tokens' factors from there on."""
    factors: dict[str, Fraction] = {}
    for slot, together in groupby(moves, attrgetter("slot")):
        factors = dict(factors)
        for move in together:
            factors[move.token] = factors.get(move.token, Fraction(1)) * move.factor
        yield slot, factors


def _within(factor: Fraction) -> Fraction:
    return min(max(factor, LOWEST), HIGHEST)


NO_TAPE = Tape()
