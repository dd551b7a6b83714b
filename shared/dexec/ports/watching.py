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
class Watcher:
    """A connection that is to be told about an order."""

    connection_id: str
    connected_at: datetime
    push_failures: int


@dataclass(frozen=True, slots=True)
class Told:
    """How the telling of one order went, by connection id."""

    order_id: str
    is_terminal: bool
    delivered: frozenset[str] = frozenset()
    recovered: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()


class Watching(Protocol):
    """WebSocket connections and who watches what."""

    def connect(self, connection: Connection) -> None:
        """Store a connection."""

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

    def settle(self, told: Told) -> None:
        """Note how the telling of an order went: who is done, who is gone, who has to be told later."""

    def untold(
        self, before: datetime, limit: int
    ) -> tuple[tuple[Order, tuple[Event, ...], tuple[Watcher, ...]], ...]:
        """Return orders that ended before ``before`` and still have watchers to be told."""

    def stale(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Return connections made before ``before``; those that failed least, then the oldest come first."""

    def note_closed(self, closed: Collection[str], failed: Collection[str]) -> None:
        """Forget connections that were closed; count a failure for those that could not be."""

    def drop_orphans(self, limit: int) -> int:
        """Delete at most ``limit`` watchers whose connection is gone; return how many."""
