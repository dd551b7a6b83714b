"""The ticks that the store took, as they were when each was written: what the naive rules are given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dexec.domain.order import Change
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import PriceType
from dexec.domain.waiting.ticks import Tick
from dexec.ports import BookTick, ShardLease, Waiting, Watcher


class Sightings:
    """The ``Waiting`` port of a store, with a record of every tick that was written or voided through it."""

    def __init__(self, waits: Waiting) -> None:
        self._waits = waits
        self.written: dict[Pair, list[BookTick]] = defaultdict(list)
        self.voided: set[tuple[Pair, int]] = set()
        self.inside_apply: Callable[[], None] | None = None
        """What happens once between the judging of a tick and the next write of what becomes of orders."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._waits, name)

    def record(
        self, lease: ShardLease, ticks: Sequence[BookTick], venues: Sequence[str], until: datetime
    ) -> ShardLease | None:
        """Write ticks, and note those that are there afterwards."""
        try:
            return self._waits.record(lease, ticks, venues, until)
        finally:
            for tick in ticks:
                if tick in self._waits.ticks([tick.pair], tick.slot - 1):
                    self.written[tick.pair].append(tick)

    def apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        """Write changes, which were judged some time before."""
        inside, self.inside_apply = self.inside_apply, None
        if inside is not None:
            inside()
        return self._waits.apply(changes)

    def void(self, lease: ShardLease, pairs: Sequence[Pair]) -> None:
        """Void ticks, and note those that are gone."""
        try:
            self._waits.void(lease, pairs)
        finally:
            for pair in pairs:
                if not self._waits.ticks([pair], lease.slot - 1):
                    self.voided.add((pair, lease.slot))

    @property
    def slots(self) -> set[int]:
        """The slots of all ticks."""
        return {one.slot for ticks in self.written.values() for one in ticks}

    def seen(self, pair: Pair, price_type: PriceType, until: int) -> list[Tick]:
        """Return the ticks of a book by which one at the slot ``until`` was judged."""
        return [
            Tick(one.slot, one.at, one.mid if price_type is PriceType.MID else one.reference)
            for one in self.written[pair]
            if one.slot <= until and (one.slot == until or (pair, one.slot) not in self.voided)
        ]
