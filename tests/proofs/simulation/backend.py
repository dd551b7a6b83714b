"""The store behind a world: in memory or PostgreSQL, with or without contention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import local
from typing import TypeVar

import psycopg

from dexec.adapters.postgres.conflicts import Backoff
from dexec.adapters.postgres.connection import Connect
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.pipeline import Pipeline
from dexec.bootstrap import Container
from dexec.ports import ApiKeys, Control, Orders, Outbox, Risk, Ticks, Waiting, Watching, Webhooks
from dexec.settings import Settings
from tests.proofs.simulation.audit import Audit, FakeAudit, PostgresAudit
from tests.support.fakes import (
    FakeApiKeys,
    FakeControl,
    FakeOrders,
    FakeOutbox,
    FakeRisk,
    FakeTicks,
    FakeWaiting,
    FakeWatching,
    FakeWebhooks,
    Store,
)

T = TypeVar("T")


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
    waits: Waiting
    risk: Risk
    ticks: Ticks


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
        FakeWaiting(store),
        FakeRisk(store),
        FakeTicks(store),
    )


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

    def _run(self, work: Callable[[Pipeline], T], repeat: Repeat) -> T:
        def contested(pipeline: Pipeline) -> T:
            if self._random.random() < self._chance:
                self.conflicts += 1
                raise psycopg.errors.SerializationFailure("injected")
            return work(pipeline)

        return self._own()._run(contested, repeat)

    def _own(self) -> Database:
        if not hasattr(self._threads, "database"):
            # A made-up race is lost to nobody who would be met again without a pause.
            self._threads.database = Database(self._connect, backoff=Backoff(sleep=lambda _: None))
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
        parts.waiting,
        parts.risk,
        parts.ticks,
    )
