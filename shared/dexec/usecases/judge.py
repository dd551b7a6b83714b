"""Judges what waits by the ticks of its book: bounds by which a store finds what is due, and what is done."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dexec.domain.arithmetic import BPS
from dexec.domain.errors import DeadlinePassed
from dexec.domain.lifecycle import Status
from dexec.domain.order import Activated, Change, Order, Triggered, expire
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import MOST_CONFIRM_TICKS, Kind, PriceType, Stop
from dexec.domain.waiting.due import activation_slot, is_stop_due, is_trail_due
from dexec.domain.waiting.lookup import LIMITS, Group, Part
from dexec.domain.waiting.prices import price_key
from dexec.domain.waiting.steps import activate, trigger
from dexec.domain.waiting.ticks import Highs, Tick, Window, confirming
from dexec.ports import MOST_TRIGGERED, BookTick, Bound, Found

MOST_CANDIDATES = 100
"""Limits that are quoted exactly at one tick."""


@dataclass(slots=True)
class _Prices:
    """The ticks of a book by one type of price: the last ones, and the suffix maxima of all."""

    last: deque[Tick] = field(default_factory=lambda: deque(maxlen=MOST_CONFIRM_TICKS))
    highs: Highs = field(default_factory=Highs)

    def add(self, tick: Tick) -> None:
        self.last.append(tick)
        self.highs.add(tick)

    def window(self, count: int) -> Window | None:
        return confirming(tuple(self.last), count)


@dataclass(slots=True)
class Book:
    """What stops and trails ask of the ticks of one book, up to its newest."""

    _of: dict[PriceType, _Prices] = field(default_factory=lambda: {one: _Prices() for one in PriceType})

    def add(self, tick: BookTick) -> None:
        """Add the newest tick."""
        self._of[PriceType.REFERENCE].add(Tick(tick.slot, tick.at, tick.reference))
        self._of[PriceType.MID].add(Tick(tick.slot, tick.at, tick.mid))

    def forget_before(self, slot: int) -> None:
        """Drop highs that no trail needs any more."""
        for prices in self._of.values():
            prices.highs.forget_before(slot)

    @property
    def kept(self) -> set[int]:
        """The slots of ticks that a trail may need."""
        return {tick.slot for prices in self._of.values() for tick in prices.highs.ticks}

    @property
    def newest(self) -> Tick:
        """The newest reference price; a book without ticks has none."""
        return self._of[PriceType.REFERENCE].last[-1]

    @property
    def newest_slot(self) -> int | None:
        """The slot of the newest tick."""
        last = self._of[PriceType.REFERENCE].last
        return last[-1].slot if last else None

    def bound(self, pair: Pair, group: Group) -> Bound | None:
        """Return the bound of a group at the newest tick; None if nothing of it can be due."""
        prices = self._of[group.price_type]
        newest = prices.last[-1]
        if group == LIMITS:
            return Bound(pair, group, -price_key(newest.price), MOST_CANDIDATES, newest.slot)
        if group.kind == "asleep":
            return Bound(pair, group, -price_key(newest.price), MOST_TRIGGERED, newest.slot)
        window = None if group.kind == "fired" else prices.window(group.confirm_ticks)
        if window is None:
            return None
        if not group.is_trail:
            key = price_key(window.best, up=True)
            return Bound(pair, group, key, MOST_TRIGGERED, window.first_slot)
        last = prices.highs.last_at_least(window.best * BPS / (BPS - group.bps))
        if last is None:
            return None
        return Bound(pair, group, 1 - min(last, window.first_slot), MOST_TRIGGERED)

    def judge_stop(self, order: Order) -> Triggered | Activated | None:
        """Return what the newest tick does to an order that waits for a stop."""
        waiting = order.waiting
        if waiting is None or waiting.terms.stop is None or waiting.has_stopped:
            return None
        stop, since = waiting.terms.stop, waiting.since or 0
        prices = self._of[stop.price_type]
        newest, window = prices.last[-1], prices.window(stop.confirm_ticks)
        if isinstance(stop, Stop):
            if not is_stop_due(stop, since, window):
                return None
            return Triggered(Kind.STOP, newest.price, stop.price.value, stop.price_type, newest.slot)
        if not waiting.is_active:
            slot = activation_slot(stop, since, newest)
            return None if slot is None else Activated(newest.price, newest.slot)
        highest = prices.highs.highest_after(since)
        if highest is None or not is_trail_due(stop, since, window, prices.highs):
            return None
        return Triggered(Kind.TRAIL, newest.price, highest * stop.kept, stop.price_type, newest.slot)


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of rows that were found: changes to be written, and limits to be quoted."""

    changes: tuple[Change, ...]
    candidates: tuple[Found, ...]


def judge(found: Iterable[Found], books: Mapping[Pair, Book], now: datetime) -> Judged:
    """Judge rows that are likely to be due by the books that have just been ticked.

    Each order gets one step at the most. One that is past its time expires, whatever else is due. Of an order
    of two conditions the stop decides; a trail that begins leaves the limit beside it to be quoted, on the
    order as it is then: that this tick meets it, the next may not.
    """
    changes, candidates = [], []
    for rows in _by_order(found):
        order = rows[-1].order
        change = _step(order, rows, books.get(pair_of(order)), now)
        limits = [one for one in rows if one.row.part is Part.LIMIT]
        if change is None:
            candidates += limits
            continue
        changes.append(change)
        if change.after.status is Status.OPEN:
            # Its rows are written anew with the change.
            candidates += [replace(one, order=change.after, version=change.after.seq) for one in limits]
    return Judged(tuple(changes), tuple(candidates))


def pair_of(order: Order) -> Pair:
    """Return the book of an order."""
    return Pair(order.request.token_in, order.request.token_out)


def take_turns(found: Sequence[Found], most: int) -> list[Found]:
    """Return the first ``most`` rows when clients come in turn."""
    turns: dict[str, int] = defaultdict(int)
    places = []
    for place, one in enumerate(found):
        turns[one.order.client_id] += 1
        places.append((turns[one.order.client_id], place))
    return [found[place] for _, place in sorted(places)[:most]]


def _by_order(found: Iterable[Found]) -> Iterable[list[Found]]:
    """Return the rows of each order, as it was seen last."""
    rows: dict[str, dict[Part, Found]] = {}
    for one in found:
        known = rows.setdefault(one.order.id, {})
        if any(other.order.seq > one.order.seq for other in known.values()):
            continue
        kept = {part: other for part, other in known.items() if other.order.seq == one.order.seq}
        rows[one.order.id] = {**kept, one.row.part: one}
    return [list(parts.values()) for parts in rows.values()]


def _step(order: Order, rows: Sequence[Found], book: Book | None, now: datetime) -> Change | None:
    if order.is_late(now):
        return expire(order, now, DeadlinePassed(order.request.deadline_s).failure())
    why = None if book is None else book.judge_stop(order)
    if isinstance(why, Activated):
        return activate(order, now, why)
    if why is None and any(one.row.part is Part.RETRY for one in rows):
        why = Triggered(Kind.RETRY)
    return None if why is None else trigger(order, now, why)
