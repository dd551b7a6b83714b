"""Judges one tick: finds what is due by price or time, writes what becomes of it, and announces it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from dexec.domain.errors import OutcomeUnknown, StoreConflict
from dexec.domain.order import Change
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.waiting.lookup import LIMITS, Group
from dexec.ports import MOST_TRIGGERED, Bound, Clock, Found, Waiting, Watcher
from dexec.usecases.announce_changes import AnnounceChanges
from dexec.usecases.fit_limits import best_price, fit_limits, postponed
from dexec.usecases.judge import MOST_CANDIDATES, Book, judge, pair_of, take_turns
from dexec.usecases.reference import Look
from dexec.usecases.tick_books import bounds_of

ENDED_AT_ONCE = MOST_TRIGGERED // 2
"""An order that ends may take its exit along: twice the rows."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A tick that is to be judged: the groups of all books, and the ``books`` among them that it saw.

    Without a ``look`` limits are not quoted, with one until ``quotes_until``. ``keep`` renews the lease after
    each batch, and raises when it is lost. ``counts`` says how many orders took which step.
    """

    groups: Mapping[Pair, Sequence[Group]]
    books: Mapping[Pair, Book]
    look: Look | None
    quotes_until: datetime
    keep: Callable[[], None]
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class JudgeTick:
    """The use case: how many statements it takes does not depend on how many orders wait."""

    waiting: Waiting
    clock: Clock
    announce: AnnounceChanges
    leg_cost_lamports: int

    def __call__(self, tick: Ticked) -> Counter[str]:
        """Judge the books of a tick, and what is due by the time; return how many orders took which step."""
        now = self.clock.now()
        timed = self.waiting.due_by_time(list(tick.groups), now)
        bounds = bounds_of(tick.books, tick.groups)
        found = self.waiting.due_by_price(bounds) if bounds else ()
        judged = judge([*timed, *found], tick.books, now)
        written = self._write(judged.changes, tick)
        self._fit(judged.candidates, tick)
        while written and (bounds := _full(bounds, found)):
            # One gap may trigger more than one statement finds: all of them are due by this tick.
            found = self.waiting.due_by_price(bounds)
            written = self._write(judge(found, tick.books, now).changes, tick)
        return tick.counts

    def _fit(self, candidates: Sequence[Found], tick: Ticked) -> None:
        """Quote some candidates, clients in turn. Those that are due by the time do not stay so."""
        now, snapshots = self.clock.now(), () if tick.look is None else tick.look.snapshots
        chosen = [] if tick.look is None else take_turns(candidates, MOST_CANDIDATES)

        def quote(request: RouteRequest) -> Fraction | None:
            return best_price(request, snapshots, self.leg_cost_lamports)

        fitted = fit_limits(chosen, tick.books, quote, now, lambda: self.clock.now() < tick.quotes_until)
        settled = {change.after.id for change in fitted.changes} | {one.order_id for one in fitted.moved}
        later = [postponed(one, now) for one in candidates if one.order.id not in settled and one.row.at]
        if moved := [*fitted.moved, *later]:
            self.waiting.move(moved)
        tick.counts["moved"] += len(fitted.moved)
        self._write(fitted.changes, tick)

    def _write(self, changes: Sequence[Change], tick: Ticked) -> int:
        """Write changes batch by batch, and announce each batch; return how many orders changed."""
        total = 0
        for batch in _batches(changes):
            try:
                written = self._apply(batch)
            except OutcomeUnknown:
                # A message of an order that still waits is done with at its claim.
                self.announce.send([change.after for change in batch])
                raise
            self.announce(batch, written)
            for change in batch:
                if change.after.id in written:
                    tick.counts[change.events[-1].step or change.after.status] += 1
            total += len(written)
            tick.keep()
        return total

    def _apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        """Write changes at once, after a conflict in halves: one order does not hold up the others."""
        try:
            return self.waiting.apply(changes)
        except StoreConflict:
            if len(changes) == 1:
                return {}
        half = len(changes) // 2
        return {**self._apply(changes[:half]), **self._apply(changes[half:])}


def _batches(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    ended = [change for change in changes if change.after.is_terminal]
    others = [change for change in changes if not change.after.is_terminal]
    for some, size in ((others, MOST_TRIGGERED), (ended, ENDED_AT_ONCE)):
        for start in range(0, len(some), size):
            yield some[start : start + size]


def _full(bounds: Sequence[Bound], found: Sequence[Found]) -> list[Bound]:
    """Return the bounds of which there may be more rows than were found; limits have their turn next time."""
    counts = Counter((pair_of(one.order), one.row.group) for one in found)
    return [one for one in bounds if one.group != LIMITS and counts[one.pair, one.group] >= one.most]
