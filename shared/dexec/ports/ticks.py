"""The ``Ticks`` port: reads the stored prices of books, for answers and charts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight


class Ticks(Protocol):
    """Reads ticks; each method is one round trip."""

    def seen(self, marks: Collection[Mark]) -> Mapping[Mark, Seen]:
        """Return what was seen of each mark's book; one without ticks is left out."""

    def since(self, pair: Pair, start: datetime) -> tuple[Sight, ...]:
        """Return a book's ticks from a time on, oldest first."""
