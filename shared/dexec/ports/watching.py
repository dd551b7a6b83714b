"""Who watches orders, and how telling them went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.order import Event, Order


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket; ``stream`` when it hears all of its client's orders."""

    connection_id: str
    client_id: str
    key_hash: str
    stream: bool
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class MostConnections:
    """How many connections one client may have: in all, and that hear all of its orders.

    Every order is pushed to all of the latter, so that they bound what an order costs.
    """

    in_all: int
    streams: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """A connection that is to be told about an order."""

    connection_id: str
    connected_at: datetime
    push_failures: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How the telling of one order went, by connection id.

    Of those who missed it, the ``overdue`` were waited for in vain, which counts as a failure; of those who
    were told, the ``slow`` kept the others waiting: they count as having failed until they recover.
    """

    order_id: str
    is_terminal: bool
    delivered: frozenset[str] = frozenset()
    recovered: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()
    overdue: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()


Undelivered = tuple[Order, tuple[Event, ...], tuple[Watcher, ...]]
"""An order that is over, its events, and who is still to be told."""


class Watching(Protocol):
    """WebSocket connections and who watches what."""

    def connect(self, connection: Connection, most: MostConnections) -> bool:
        """Store a connection; False when its client has too many already.

        Those that open at the same moment may exceed the limit together.
        """

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection and what it watches; of very much, some is left to ``drop_orphans``."""

    def connection(self, connection_id: str) -> Connection | None:
        """Return a connection that is still known."""

    def watch(
        self, order_id: str, client_id: str, connection_id: str
    ) -> tuple[Order, tuple[Event, ...]] | None:
        """Register the watcher, commit, and only then read the order; None when it is not the client's.

        Raises ``ConnectionUnknown`` when there is no such connection of the client: it does not watch then.
        """

    def unwatch(self, order_id: str, connection_id: str) -> None:
        """Forget one watcher."""

    def settle(self, deliveries: Deliveries) -> None:
        """Note how the telling of an order went: who is done, who is gone, who has to be told later."""

    def undelivered(
        self, before: datetime, limit: int, skipped: frozenset[str] = frozenset()
    ) -> tuple[Undelivered, ...]:
        """Return orders that ended before ``before`` and still have watchers to be told, without ``skipped``.

        Clients take turns, each with its oldest first: one client's many do not stand before another's few.
        """

    def stale(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Return connections made before ``before``; those that failed least, then the oldest come first."""

    def note_closed(self, closed: Collection[str], failed: Collection[str]) -> None:
        """Forget connections that were closed; count a failure for those that could not be."""

    def drop_orphans(self, limit: int) -> int:
        """Delete at most ``limit`` watchers whose connection is gone; return how many."""
