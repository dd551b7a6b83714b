"""The ``Ticks`` port on PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import cast

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_params import book_of
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight

NO_SLOT = 2**62
"""Above every slot: of the books whose newest tick is enough."""


class PostgresTicks:
    """What was seen of the market; each method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, marks: Collection[Mark]) -> Mapping[Mark, Seen]:
        """Return what was seen of each mark's book."""
        if not marks:
            return {}
        by_pair: dict[str, list[Sight]] = defaultdict(list)
        for row in self._database.fetch(_sights_of(marks), Repeat.READ):
            by_pair[cast(str, row["pair"])].append(_sight(row))
        return {mark: _seen(mark, sights) for mark in marks if (sights := by_pair[book_of(mark.pair)])}

    def since(self, pair: Pair, start: datetime) -> tuple[Sight, ...]:
        """Return a book's ticks from a time on."""
        params = {"pair": book_of(pair), "start": start}
        return tuple(map(_sight, self._database.fetch(Statement("ticks_since", params), Repeat.READ)))


def _sights_of(marks: Collection[Mark]) -> Statement:
    """Return what reads the ticks that ``marks`` are made of."""
    oldest: dict[str, int] = {}
    for mark in marks:
        name, slot = book_of(mark.pair), NO_SLOT if mark.since is None else mark.since
        oldest[name] = min(slot, oldest.get(name, NO_SLOT))
    if [*oldest.values()] == [NO_SLOT]:
        return Statement("newest_tick", {"pair": next(iter(oldest))})
    return Statement("ticks_seen", {"pairs": list(oldest), "slots": list(oldest.values())})


def _seen(mark: Mark, sights: Sequence[Sight]) -> Seen:
    after = [sight for sight in sights if mark.since is not None and sight.slot > mark.since]
    if not after:
        return Seen(sights[-1])
    return Seen(sights[-1], (max(one.reference for one in after), max(one.mid for one in after)))


def _sight(row: Row) -> Sight:
    reference, mid = (Fraction(cast(str, row[name])) for name in ("reference", "mid"))
    return Sight(cast(int, row["slot"]), rows.moment(row["at"]), reference, mid)
