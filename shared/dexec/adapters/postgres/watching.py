"""The ``Watching`` port on PostgreSQL: connections, watchers and deliveries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.domain.errors import ConnectionUnknown
from dexec.domain.order import Event, Order
from dexec.ports import Connection, Deliveries, Missed, MostConnections, Undelivered, Watcher
from dexec.ports.orders import MOST_EVENTS

MOST_MISSED = 1_000
"""Watchers stored at once: Aurora DSQL changes 3,000 rows in a transaction at the most."""


class PostgresWatching:
    """WebSocket connections and who watches what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def connect(self, connection: Connection, most: MostConnections) -> bool:
        """Store a connection, unless its client has too many."""
        params = {
            "connection_id": connection.connection_id,
            "client_id": connection.client_id,
            "key_hash": connection.key_hash,
            "stream": connection.stream,
            "connected_at": connection.connected_at,
            "max_connections": most.in_all,
            "max_streams": most.streams,
        }
        return bool(self._database.fetch(Statement("connect", params), Repeat.HARMLESS))

    def disconnect(self, connection_id: str) -> None:
        """Delete a connection and its watchers."""
        self._database.fetch(_about("disconnect", [connection_id]), Repeat.HARMLESS)

    def streams(self, client_id: str) -> tuple[Watcher, ...]:
        """Return a client's stream connections."""
        params = {"client_id": client_id}
        found = self._database.fetch(Statement("stream_connections", params), Repeat.READ)
        return tuple(map(rows.to_watcher, found))

    def connection(self, connection_id: str) -> Connection | None:
        """Return a connection that is still known."""
        params = {"connection_id": connection_id}
        found = self._database.fetch(Statement("find_connection", params), Repeat.READ)
        return rows.to_connection(found[0]) if found else None

    def watch(
        self, order_id: str, client_id: str, connection_id: str
    ) -> tuple[Order, tuple[Event, ...]] | None:
        """Register a watcher, commit, then read the order, its events and whether the connection is there."""
        params = {"id": order_id, "client_id": client_id, "connection_id": connection_id}
        _, (orders, events, connections) = self._database.transact(
            [Statement("watch", params)],
            [
                Statement("find_order", params),
                Statement("order_events", {"id": order_id, "most": MOST_EVENTS}),
                Statement("find_connection", params),
            ],
            Repeat.HARMLESS,
        )
        if not orders:
            return None
        if not connections or connections[0]["client_id"] != client_id:
            raise ConnectionUnknown
        return rows.with_events(orders[0], events)

    def unwatch(self, order_id: str, connection_id: str) -> None:
        """Forget one watcher."""
        self._database.fetch(_about("unwatch", [connection_id], id=order_id), Repeat.HARMLESS)

    def settle(self, deliveries: Deliveries) -> None:
        """Record the deliveries of an order, in one round trip, or none if there is nothing to record."""
        statements = _settling(deliveries)
        if statements:
            self._database.transact(statements, [], Repeat.HARMLESS)

    def watch_later(self, missed: Sequence[Missed]) -> None:
        """Note connections that have not received the end of orders."""
        for start in range(0, len(missed), MOST_MISSED):
            self._database.fetch(_missing(missed[start : start + MOST_MISSED]), Repeat.HARMLESS)

    def undelivered(
        self, before: datetime, limit: int, skipped: frozenset[str] = frozenset()
    ) -> tuple[Undelivered, ...]:
        """Return orders that have ended and still have watchers, round robin over clients."""
        params = {"before": before, "limit": limit, "skipped": sorted(skipped)}
        found = self._database.fetch(Statement("undelivered_orders", params), Repeat.READ)
        return tuple(self._with_watchers(rows.to_order(row), skipped) for row in found)

    def _with_watchers(self, order: Order, skipped: frozenset[str]) -> Undelivered:
        about = {"id": order.id}
        _, (events, watchers) = self._database.transact(
            [], [Statement("order_events_since_open", about), Statement("watchers_only", about)], Repeat.READ
        )
        waiting = tuple(one for one in map(rows.to_watcher, watchers) if one.connection_id not in skipped)
        return order, tuple(map(rows.to_event, events)), waiting

    def stale(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Return connections that API Gateway should have closed by now."""
        params = {"before": before, "limit": limit}
        found = self._database.fetch(Statement("stale_connections", params), Repeat.READ)
        return tuple(str(row["connection_id"]) for row in found)

    def note_closed(self, closed: Collection[str], failed: Collection[str]) -> None:
        """Delete closed connections, count a failure for the others; no round trip if there are neither."""
        statements = [_about("disconnect", closed)] if closed else []
        statements += [_about("count_push_failures", failed)] if failed else []
        if statements:
            self._database.transact(statements, [], Repeat.HARMLESS)

    def drop_orphans(self, limit: int) -> int:
        """Delete some of the watchers whose connection is gone."""
        statement = Statement("drop_orphaned_watchers", {"limit": limit})
        return len(self._database.fetch(statement, Repeat.HARMLESS))


def _settling(deliveries: Deliveries) -> list[Statement]:
    statements = []
    if deliveries.is_terminal and deliveries.delivered:
        statements.append(_about("unwatch", deliveries.delivered, id=deliveries.order_id))
    undelivered = deliveries.missed | deliveries.failed
    if deliveries.is_terminal and undelivered:
        statements.append(_missing([(deliveries.order_id, one) for one in undelivered]))
    if deliveries.recovered:
        statements.append(_about("forgive_push_failures", deliveries.recovered))
    if deliveries.failed | deliveries.overdue:
        statements.append(_about("count_push_failures", deliveries.failed | deliveries.overdue))
    if deliveries.slow:
        statements.append(_about("suspect_connections", deliveries.slow))
    if deliveries.gone:
        statements.append(_about("disconnect", deliveries.gone))
    return statements


def _missing(missed: Sequence[Missed]) -> Statement:
    order_ids, connection_ids = zip(*missed, strict=True)
    return Statement("watch_later", {"order_ids": [*order_ids], "connection_ids": [*connection_ids]})


def _about(name: str, connection_ids: Iterable[str], **others: object) -> Statement:
    return Statement(name, {"connection_ids": list(connection_ids), **others})
