"""Ticks: the prices of one book, slot by slot, and what stops and trails ask of them.

A *book* is a pair and a direction. What no tick saw did not happen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zlib import crc32

from dexec.domain.quote import Pair

FARTHEST_APART = timedelta(seconds=10)
"""Ticks further apart than this do not confirm each other."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A book's price at one slot."""

    slot: int
    at: datetime
    price: Fraction


@dataclass(frozen=True, slots=True)
class Window:
    """The last ticks that confirm a stop: the slot of the oldest, and the highest price (``best``)."""

    first_slot: int
    best: Fraction


def shard_of(pair: Pair, shards: int) -> int:
    """Return which of ``shards`` a book belongs to, counted from 0; each is ticked under one lease."""
    return crc32(f"{pair.token_in}>{pair.token_out}".encode()) % shards


def confirming(ticks: Sequence[Tick], count: int) -> Window | None:
    """Return the window of the last ``count`` ticks, oldest first; None if there are not enough of them.

    A stop at or above ``best`` has had all of them at its price or worse.
    """
    window = ticks[-count:]
    apart = (later.at - sooner.at for sooner, later in pairwise(window))
    if len(window) < count or any(gap > FARTHEST_APART for gap in apart):
        return None
    return Window(window[0].slot, max(tick.price for tick in window))


@dataclass(slots=True)
class Highs:
    """A book's suffix maxima: the ticks that none after them exceeds or equals, oldest first.

    They answer for every trail at once how far back the last tick of at least a price lies, without a row
    that changes with each new high.
    """

    ticks: list[Tick] = field(default_factory=list)

    @classmethod
    def of(cls, ticks: Iterable[Tick]) -> Highs:
        """Return those of ``ticks``, which come in the order of their slots."""
        highs = cls()
        for tick in ticks:
            highs.add(tick)
        return highs

    def add(self, tick: Tick) -> None:
        """Add the newest tick; those that it reaches are not needed any more."""
        while self.ticks and self.ticks[-1].price <= tick.price:
            self.ticks.pop()
        self.ticks.append(tick)

    def forget_before(self, slot: int) -> None:
        """Drop what no trail needs: ticks before the one at which the oldest became active."""
        del self.ticks[: bisect_left(self.ticks, slot, key=lambda tick: tick.slot)]

    def last_at_least(self, price: Fraction) -> int | None:
        """Return the slot of the last tick at this price or above; None if there is none."""
        # Prices fall from the oldest to the newest.
        found = bisect_right(self.ticks, -price, key=lambda tick: -tick.price)
        return self.ticks[found - 1].slot if found else None

    def highest_after(self, slot: int) -> Fraction | None:
        """Return the highest price of the ticks after a slot; None if there are none."""
        first = bisect_right(self.ticks, slot, key=lambda tick: tick.slot)
        return self.ticks[first].price if first < len(self.ticks) else None
