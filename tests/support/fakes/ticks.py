"""The ``Ticks`` port in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight
from dexec.ports import BookTick
from tests.support.fakes.store import Store


class FakeTicks:
    """Reads the ticks of a store in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def seen(self, marks: Collection[Mark]) -> Mapping[Mark, Seen]:
        found = {}
        for mark in marks:
            ticks = [_sight(tick) for tick in self._store.ticks.get(mark.pair, [])]
            after = [tick for tick in ticks if mark.since is not None and tick.slot > mark.since]
            if ticks:
                highest = (max(t.reference for t in after), max(t.mid for t in after)) if after else None
                found[mark] = Seen(ticks[-1], highest)
        return found

    def since(self, pair: Pair, start: datetime) -> tuple[Sight, ...]:
        return tuple(_sight(tick) for tick in self._store.ticks.get(pair, []) if tick.at >= start)


def _sight(tick: BookTick) -> Sight:
    return Sight(tick.slot, tick.at, tick.reference, tick.mid)
