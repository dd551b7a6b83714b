"""The ticks of a shard's books: looks at the market, records what may be, and keeps what is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dexec.domain.quote import Pair
from dexec.domain.waiting.lookup import Group
from dexec.ports import BookTick, Bound, ShardLease, Waiting
from dexec.usecases.judge import Book
from dexec.usecases.reference import Look

FRESH = timedelta(seconds=2)
"""A look, or a tick that was not judged, counts for so long."""

GONE = timedelta(seconds=10)
"""A venue that did not answer for so long is gone: ticks go on without it."""

KEPT = timedelta(minutes=15)
"""How long every tick of a book is kept, for charts."""

RECENT_SLOTS = 400
"""How far back the ticks reach that confirm a stop; an order may be seen so much later than it was placed."""


@dataclass(slots=True)
class TickedBooks:
    """The books of a shard while one function ticks them.

    ``lease`` is the shard's as it is now. ``seen_at`` says when each venue was seen last.
    """

    waiting: Waiting
    lease: ShardLease
    look_at: Callable[[Sequence[Pair]], Look]
    books: dict[Pair, Book] = field(default_factory=dict)
    seen_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.lease.ticked_at is not None:
            self.seen_at = dict.fromkeys(self.lease.venues, self.lease.ticked_at)

    def load(self, groups: Mapping[Pair, Sequence[Group]]) -> None:
        """Read the ticks of books that are new here, as far back as a trail needs them."""
        new = [pair for pair in groups if pair not in self.books]
        if not new:
            return
        since = self.waiting.oldest_since({pair: groups[pair] for pair in new})
        recent = self.lease.slot - RECENT_SLOTS
        after = {pair: min(recent, since.get(pair, recent)) for pair in new}
        self.books |= {pair: Book() for pair in new}
        for slot in set(after.values()):
            for tick in self.waiting.ticks([pair for pair in new if after[pair] == slot], slot):
                self.books[tick.pair].add(tick)

    def look(self, pairs: Sequence[Pair], now: Callable[[], datetime]) -> Look | None:
        """Ask the venues; None when what they say may not be recorded.

        It must be fresh, of a new slot, and of every venue of the last tick, unless one is gone: a venue that
        is late must not move a price.
        """
        look = self.look_at(pairs)
        self.seen_at |= dict.fromkeys(look.venues, look.asked_at)
        missing = [one for one in self.seen_at if one not in look.venues]
        if any(look.asked_at - self.seen_at[one] < GONE for one in missing):
            return None
        for one in missing:
            del self.seen_at[one]
        is_new = look.slot > self.lease.slot and bool(look.prices)
        return look if is_new and now() - look.asked_at <= FRESH else None

    def record(self, look: Look, until: datetime) -> bool:
        """Store what was seen, under the lease; False when that is lost."""
        ticks = [
            BookTick(pair, look.slot, look.asked_at, prices.reference, prices.mid)
            for pair, prices in look.prices.items()
        ]
        held = self.waiting.record(self.lease, ticks, sorted(look.venues), until)
        if held is None:
            return False
        self.lease = held
        for tick in ticks:
            self.books[tick.pair].add(tick)
        return True

    def ticked(self, groups: Mapping[Pair, Sequence[Group]]) -> dict[Pair, Book]:
        """Return the books in which something waits that the shard's newest tick saw."""
        slot = self.lease.slot
        return {pair: self.books[pair] for pair in groups if self.books[pair].newest_slot == slot}

    def prune(self, groups: Mapping[Pair, Sequence[Group]], now: datetime) -> None:
        """Delete ticks that neither a trail nor a chart needs."""
        since = self.waiting.oldest_since(groups)
        recent = self.lease.slot - RECENT_SLOTS
        for pair in groups:
            book = self.books[pair]
            book.forget_before(min(recent, since.get(pair, recent)))
            self.waiting.prune(pair, sorted(book.kept), now - KEPT)


def bounds_of(books: Mapping[Pair, Book], groups: Mapping[Pair, Sequence[Group]]) -> list[Bound]:
    """Return the bounds of all groups in the books that have just been ticked."""
    bounds = (book.bound(pair, group) for pair, book in books.items() for group in groups[pair])
    return [bound for bound in bounds if bound is not None]
