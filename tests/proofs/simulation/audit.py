"""A look into a store past its ports, and a hand in it: in memory and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from psycopg.rows import dict_row

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.encoding import dump_detail
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.lifecycle import CLAIMABLE, RESTING, Status
from dexec.domain.order import Event, Order, Triggered
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.lookup import Group, Part, WaitingRow
from dexec.domain.waiting.steps import trigger
from tests.support.fakes import Store
from tests.support.fakes.store import StoredWaiting

TABLES = (
    "orders",
    "order_events",
    "connections",
    "watchers",
    "api_keys",
    "rate_limits",
    "switches",
    "webhooks",
    "webhook_lines",
    "webhook_deliveries",
    "risk_limits",
    "risk_days",
    "waiting",
    "shards",
    "ticks",
)

LIMIT_MET = Triggered(Kind.LIMIT, Fraction(1), Fraction(1), slot=1)


class Rests(NamedTuple):
    """What waits, in short: a number that every event changes, how many rows rest for a while, whether any
    book has to be ticked.
    """

    events: int
    cooling: int
    waits: bool


History = tuple[Order, tuple[Event, ...]]


class Audit(Protocol):
    """What a test may look at past the ports."""

    def histories(self) -> list[History]:
        """Return every order with its events."""

    def is_settled(self) -> bool:
        """Whether no order is to be executed, and every event of those that are over is delivered."""

    def rests(self) -> Rests:
        """Return what waits, in short."""

    def lose_connection(self, connection_id: str) -> None:
        """Delete the row of a connection and nothing else."""

    def watch_many(self, connection_id: str, orders: int) -> None:
        """Make a connection a watcher of orders that are not there."""

    def waiting(self) -> dict[tuple[str, Part], StoredWaiting]:
        """Return the rows by which what waits is found, by order and part."""

    def trigger(self, order_id: str) -> None:
        """Trigger an order by its limit."""

    def tick(self, slot: int) -> None:
        """Make this the slot of the newest tick of the only shard."""

    def wish_cancel(self, order_id: str, by: str) -> None:
        """Note that an order is to be cancelled if its transaction does not fill it."""


class FakeAudit:
    """A look into the store in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def histories(self) -> list[History]:
        return [(row.order, tuple(self._store.events[one])) for one, row in self._store.orders.items()]

    def is_settled(self) -> bool:
        resting = {one for one, row in self._store.orders.items() if row.order.status in RESTING}
        watched = {order_id for order_id, _ in self._store.watchers} <= resting
        return watched and not any(row.order.status in CLAIMABLE for row in self._store.orders.values())

    def rests(self) -> Rests:
        rows = self._store.waiting.values()
        return Rests(
            sum(row.order.seq for row in self._store.orders.values()),
            sum(one.row.group is None and one.row.part is not Part.EXPIRY for one in rows),
            any(one.book is not None for one in rows)
            or any(row.order.status is Status.TRIGGERED for row in self._store.orders.values()),
        )

    def lose_connection(self, connection_id: str) -> None:
        del self._store.connections[connection_id]

    def watch_many(self, connection_id: str, orders: int) -> None:
        self._store.watchers |= {(f"ord_{n}", connection_id) for n in range(orders)}

    def waiting(self) -> dict[tuple[str, Part], StoredWaiting]:
        return dict(self._store.waiting)

    def trigger(self, order_id: str) -> None:
        order = self._store.orders[order_id].order
        self._store.write(trigger(order, order.updated_at, LIMIT_MET))

    def tick(self, slot: int) -> None:
        self._store.shards[0].slot = slot

    def wish_cancel(self, order_id: str, by: str) -> None:
        row = self._store.orders[order_id]
        row.order = replace(row.order, cancelled_by=by)


class PostgresAudit:
    """A look into PostgreSQL, over a connection of its own."""

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection

    def histories(self) -> list[History]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            orders = cursor.execute("SELECT * FROM orders").fetchall()
            events = cursor.execute("SELECT * FROM order_events ORDER BY order_id, seq").fetchall()
        return [
            (rows.to_order(order), tuple(rows.to_event(e) for e in events if e["order_id"] == order["id"]))
            for order in orders
        ]

    def is_settled(self) -> bool:
        found = self._connection.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM watchers AS w WHERE NOT EXISTS"
            " (SELECT 1 FROM orders AS o WHERE o.id = w.order_id AND o.outcome = 'resting'))"
            " AND NOT EXISTS (SELECT 1 FROM orders WHERE outcome IS NULL)"
        ).fetchone()
        assert found is not None
        return bool(found[0])

    def rests(self) -> Rests:
        found: Any = self._connection.execute(
            "SELECT (SELECT coalesce(sum(seq), 0) FROM orders),"
            " (SELECT count(*) FROM waiting WHERE price_group IS NULL AND part <> 'expiry'),"
            " EXISTS (SELECT 1 FROM waiting WHERE book IS NOT NULL)"
            " OR EXISTS (SELECT 1 FROM orders WHERE status = 'triggered')"
        ).fetchone()
        assert found is not None
        events, cooling, waits = found
        return Rests(int(events), cooling, waits)

    def lose_connection(self, connection_id: str) -> None:
        self._connection.execute("DELETE FROM connections WHERE connection_id = %s", [connection_id])

    def watch_many(self, connection_id: str, orders: int) -> None:
        statement = "INSERT INTO watchers SELECT 'ord_' || n, %s FROM generate_series(1, %s) AS n"
        self._connection.execute(statement, [connection_id, orders])
        # As autovacuum does within a minute: planned for a table of a few rows, their deletion takes seconds.
        self._connection.execute("ANALYZE watchers")

    def waiting(self) -> dict[tuple[str, Part], StoredWaiting]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM waiting").fetchall()
        return {(row["order_id"], Part(row["part"])): _stored(row) for row in found}

    def trigger(self, order_id: str) -> None:
        ((order, _),) = [one for one in self.histories() if one[0].id == order_id]
        change = trigger(order, order.updated_at, LIMIT_MET)
        self._connection.execute(
            "UPDATE orders SET status = 'triggered', outcome = NULL, seq = seq + 1, waiting = %s"
            " WHERE id = %s",
            [dump_waiting(change.after.waiting), order_id],
        )
        detail = dump_detail(LIMIT_MET)
        self._connection.execute(
            "INSERT INTO order_events (order_id, seq, status, attempt, detail, at)"
            " SELECT id, seq, status, attempt, %s, updated_at FROM orders WHERE id = %s",
            [detail, order_id],
        )
        self._connection.execute("DELETE FROM waiting WHERE order_id = %s", [order_id])

    def tick(self, slot: int) -> None:
        statement = (
            "INSERT INTO shards (shard, slot, judged) VALUES (0, %s, %s)"
            " ON CONFLICT (shard) DO UPDATE SET slot = excluded.slot"
        )
        self._connection.execute(statement, [slot, slot])

    def wish_cancel(self, order_id: str, by: str) -> None:
        self._connection.execute("UPDATE orders SET cancelled_by = %s WHERE id = %s", [by, order_id])

    def clear(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}".encode())


def _stored(row: dict[str, Any]) -> StoredWaiting:
    group = None if row["price_group"] is None else Group.read(row["price_group"])
    at = None if row["at"] is None else row["at"].astimezone(UTC)
    found = WaitingRow(Part(row["part"]), group, row["key"], at)
    pair, book = (None if text is None else Pair(*text.split(">")) for text in (row["pair"], row["book"]))
    assert pair is not None
    return StoredWaiting(row["client_id"], pair, book, found, row["version"])
