"""The ``Watching`` port: WebSocket connections, who watches which order, and deliveries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.order import Event, Order


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket; ``stream`` if it receives the events of all of its client's orders."""

    connection_id: str
    client_id: str
    key_hash: str
    stream: bool
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class MostConnections:
    """Limits of one client's connections: in all, and streams of all of its orders.

    Every order is pushed to all streams, so their number bounds what an order costs.
    """

    in_all: int
    streams: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """A connection that is to be notified of an order's events."""

    connection_id: str
    connected_at: datetime
    push_failures: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The outcome of notifying the watchers of one order, by connection id.

    Of the ``missed``, the ``overdue`` did not answer before the deadline, which counts as a failure; of the
    ``delivered``, the ``slow`` delayed the others: they count as having failed until they recover.
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


Missed = tuple[str, str]
"""An order that has ended, and a connection that is to be notified of it later, by their ids."""

Undelivered = tuple[Order, tuple[Event, ...], tuple[Watcher, ...]]
"""An order that has ended, its events, and the watchers that have not received all of them."""


class Watching(Protocol):
    """WebSocket connections and who watches what."""

    def connect(self, connection: Connection, most: MostConnections) -> bool:
        """Store a connection; False when its client has too many already.

        Those that open at the same moment may exceed the limit together.
        """

    def disconnect(self, connection_id: str) -> None:
        """Delete a connection and its watchers; of very many, some are left to ``drop_orphans``."""

    def streams(self, client_id: str) -> tuple[Watcher, ...]:
        """Return a client's stream connections whose keys are valid."""

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
        """Record the deliveries of an order: which connections are done, gone, or to be notified later."""

    def watch_later(self, missed: Sequence[Missed]) -> None:
        """Note connections that have not received the end of orders: they are ``undelivered`` from now on.

        A stream that was opened after an order was placed does not watch it, unless a cancel or a tick ended
        it, which has some streams watch what they end; it would else never hear.
        """

    def undelivered(
        self, before: datetime, limit: int, skipped: frozenset[str] = frozenset()
    ) -> tuple[Undelivered, ...]:
        """Return orders that ended before ``before`` and have undelivered watchers, without ``skipped``.

        Round robin over clients, each with its oldest order first: one client's many do not delay the others.
        """

    def stale(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Return connections made before ``before``; those that failed least, then the oldest come first."""

    def note_closed(self, closed: Collection[str], failed: Collection[str]) -> None:
        """Delete connections that were closed; count a failure for those that could not be."""

    def drop_orphans(self, limit: int) -> int:
        """Delete at most ``limit`` watchers whose connection is gone; return how many."""
