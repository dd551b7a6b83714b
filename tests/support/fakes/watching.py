"""The ``Watching`` port in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from dexec.domain.errors import ConnectionUnknown
from dexec.domain.order import Event, Order
from dexec.ports import Connection, Deliveries, Missed, MostConnections, Undelivered, Watcher
from dexec.ports.orders import MOST_EVENTS
from tests.support.fakes.store import Store


class FakeWatching:
    """WebSocket connections and who watches what."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def connect(self, connection: Connection, most: MostConnections) -> bool:
        with self._store.lock:
            others = [
                one.stream
                for one in self._store.connections.values()
                if one.client_id == connection.client_id and one.connection_id != connection.connection_id
            ]
            if len(others) >= most.in_all or (connection.stream and sum(others) >= most.streams):
                return False
            known = self._store.connections.get(connection.connection_id)
            if known is not None:
                connection = replace(known, connected_at=connection.connected_at)
            self._store.connections[connection.connection_id] = connection
            return True

    def disconnect(self, connection_id: str) -> None:
        with self._store.lock:
            self._store.forget({connection_id})

    def streams(self, client_id: str) -> tuple[Watcher, ...]:
        with self._store.lock:
            return self._store.streams_of(client_id)

    def connection(self, connection_id: str) -> Connection | None:
        return self._store.connections.get(connection_id)

    def watch(
        self, order_id: str, client_id: str, connection_id: str
    ) -> tuple[Order, tuple[Event, ...]] | None:
        with self._store.lock:
            row = self._store.orders.get(order_id)
            if row is None or row.order.client_id != client_id:
                return None
            connection = self._store.connections.get(connection_id)
            if connection is None or connection.client_id != client_id:
                raise ConnectionUnknown
            self._store.watchers.add((order_id, connection_id))
            return row.order, tuple(self._store.events[order_id][-MOST_EVENTS:])

    def unwatch(self, order_id: str, connection_id: str) -> None:
        with self._store.lock:
            self._store.watchers.discard((order_id, connection_id))

    def settle(self, deliveries: Deliveries) -> None:
        store = self._store
        with store.lock:
            if deliveries.is_terminal:
                order_id = deliveries.order_id
                store.watchers -= {(order_id, connection_id) for connection_id in deliveries.delivered}
                late = (deliveries.missed | deliveries.failed) & store.connections.keys()
                store.watchers |= {(order_id, connection_id) for connection_id in late}
            for connection_id in deliveries.recovered:
                store.push_failures[connection_id] = 0
            for connection_id in deliveries.failed | deliveries.overdue:
                store.push_failures[connection_id] += 1
            for connection_id in deliveries.slow:
                store.push_failures[connection_id] = max(1, store.push_failures[connection_id])
            store.forget(set(deliveries.gone))

    def watch_later(self, missed: Sequence[Missed]) -> None:
        with self._store.lock:
            self._store.watchers |= {one for one in missed if one[1] in self._store.connections}

    def undelivered(
        self, before: datetime, limit: int, skipped: frozenset[str] = frozenset()
    ) -> tuple[Undelivered, ...]:
        with self._store.lock:
            ended = [
                (row.order, self._store.events_since_open(order_id), self._undelivered_by(order_id, skipped))
                for order_id, row in self._store.orders.items()
                if row.order.is_terminal and row.order.updated_at <= before
            ]
        ended = sorted((one for one in ended if one[2]), key=lambda one: (one[0].updated_at, one[0].id))
        turns: Counter[str] = Counter()
        in_turn = []
        for one in ended:
            in_turn.append((turns[one[0].client_id], one))
            turns[one[0].client_id] += 1
        return tuple(one for _, one in sorted(in_turn, key=lambda found: found[0]))[:limit]

    def _undelivered_by(self, order_id: str, skipped: frozenset[str]) -> tuple[Watcher, ...]:
        watchers = self._store.watchers_of(order_id, streams=False)
        return tuple(one for one in watchers if one.connection_id not in skipped)

    def stale(self, before: datetime, limit: int) -> tuple[str, ...]:
        store = self._store
        with store.lock:
            found = [one for one in store.connections.values() if one.connected_at <= before]
            found.sort(key=lambda one: (store.push_failures[one.connection_id], one.connected_at))
            return tuple(one.connection_id for one in found[:limit])

    def note_closed(self, closed: Collection[str], failed: Collection[str]) -> None:
        with self._store.lock:
            self._store.forget(set(closed))
            for connection_id in failed:
                self._store.push_failures[connection_id] += 1

    def drop_orphans(self, limit: int) -> int:
        with self._store.lock:
            orphans = [pair for pair in self._store.watchers if pair[1] not in self._store.connections]
            self._store.watchers -= set(orphans[:limit])
            return len(orphans[:limit])
