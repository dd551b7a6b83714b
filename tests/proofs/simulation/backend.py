"""The store behind a world: in memory or PostgreSQL, and a look into it past the ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import local
from typing import Protocol, TypeVar

import psycopg
from psycopg.rows import dict_row

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.connection import BoundedConnection, Connect
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.pipeline import Pipeline
from dexec.bootstrap import Container
from dexec.domain.order import Event, Order
from dexec.ports import ApiKeys, Control, Orders, Outbox, Risk, Watching, Webhooks
from dexec.settings import Settings
from tests.support.fakes import (
    FakeApiKeys,
    FakeControl,
    FakeOrders,
    FakeOutbox,
    FakeRisk,
    FakeWatching,
    FakeWebhooks,
    Store,
)

T = TypeVar("T")
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
)

History = tuple[Order, tuple[Event, ...]]


class Audit(Protocol):
    """What a test may look at past the ports."""

    def histories(self) -> list[History]:
        """Return every order with its events."""

    def is_settled(self) -> bool:
        """Whether no order is open and every event is delivered."""

    def lose_connection(self, connection_id: str) -> None:
        """Delete the row of a connection and nothing else."""

    def watch_many(self, connection_id: str, orders: int) -> None:
        """Make a connection a watcher of orders that are not there."""


@dataclass(frozen=True)
class Backend:
    """A store."""

    orders: Orders
    watching: Watching
    api_keys: ApiKeys
    control: Control
    audit: Audit
    webhooks: Webhooks
    outbox: Outbox
    risk: Risk


class FakeAudit:
    """A look into the store in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def histories(self) -> list[History]:
        return [(row.order, tuple(self._store.events[one])) for one, row in self._store.orders.items()]

    def is_settled(self) -> bool:
        return not self._store.watchers and all(row.order.is_terminal for row in self._store.orders.values())

    def lose_connection(self, connection_id: str) -> None:
        del self._store.connections[connection_id]

    def watch_many(self, connection_id: str, orders: int) -> None:
        self._store.watchers |= {(f"ord_{n}", connection_id) for n in range(orders)}


def in_memory() -> Backend:
    """Return an empty store in memory."""
    store = Store()
    return Backend(
        FakeOrders(store),
        FakeWatching(store),
        FakeApiKeys(store),
        FakeControl(store),
        FakeAudit(store),
        FakeWebhooks(store),
        FakeOutbox(store),
        FakeRisk(store),
    )


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
            "SELECT NOT EXISTS (SELECT 1 FROM watchers) AND NOT EXISTS"
            " (SELECT 1 FROM orders WHERE status NOT IN ('confirmed', 'failed'))"
        ).fetchone()
        assert found is not None
        return bool(found[0])

    def lose_connection(self, connection_id: str) -> None:
        self._connection.execute("DELETE FROM connections WHERE connection_id = %s", [connection_id])

    def watch_many(self, connection_id: str, orders: int) -> None:
        statement = "INSERT INTO watchers SELECT 'ord_' || n, %s FROM generate_series(1, %s) AS n"
        self._connection.execute(statement, [connection_id, orders])

    def clear(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}".encode())


class ContestedDatabase(Database):
    """A database in which every transaction may first lose a race, as under optimistic concurrency.

    Each thread has a connection of its own, as each process of a deployment has.
    """

    def __init__(self, connect: Connect, chance: float, random: Random) -> None:
        super().__init__(connect)
        self._chance = chance
        self._random = random
        self._threads = local()
        self._opened: list[Database] = []
        self.conflicts = 0
        self.trips = 0

    def _run(self, work: Callable[[Pipeline], T], repeat: Repeat) -> T:
        def contested(pipeline: Pipeline) -> T:
            self.trips += 1
            if self._random.random() < self._chance:
                self.conflicts += 1
                raise psycopg.errors.SerializationFailure("injected")
            return work(pipeline)

        return self._own()._run(contested, repeat)

    def _own(self) -> Database:
        if not hasattr(self._threads, "database"):
            self._threads.database = Database(self._connect)
            self._opened.append(self._threads.database)
        own: Database = self._threads.database
        return own

    def close(self) -> None:
        for database in self._opened:
            database.close()


def on_postgres(database: Database, audit: PostgresAudit) -> Backend:
    """Return a store in PostgreSQL."""
    parts = Container(Settings.from_environ({}), database=database)
    return Backend(
        parts.orders,
        parts.watching,
        parts.api_keys,
        parts.control,
        audit,
        parts.webhooks,
        parts.outbox,
        parts.risk,
    )
