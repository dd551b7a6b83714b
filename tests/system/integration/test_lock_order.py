"""Statements that lock the same rows do it in one order: orders by their ids, a line before its deliveries.

Two that do so the other way round end in a deadlock: PostgreSQL looks for one after a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.control import PostgresControl
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.waiting import PostgresWaiting
from dexec.adapters.postgres.webhooks import PostgresWebhooks
from dexec.domain.order import Order, Triggered
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.lookup import LIMITS, Part
from dexec.domain.waiting.steps import trigger
from dexec.domain.webhooks import DeliveryState
from dexec.domain.withdrawals import BY_CLIENT
from dexec.ports import Moved
from tests.conftest import Connecting, Isolation
from tests.contract.samples import NOW, place, trading_key
from tests.contract.waiting_samples import waiting
from tests.contract.webhook_samples import endpoint, record, taken
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import on_postgres
from tests.system.integration.racing import KEY, wait_for_a_lock


class Race(NamedTuple):
    """Who writes, who locks before, who looks meanwhile, and the thread of the first."""

    database: Database
    locking: BoundedConnection
    looking: BoundedConnection
    pool: ThreadPoolExecutor


@pytest.fixture
def race(connecting: Connecting) -> Iterator[Race]:
    with (
        closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database,
        connecting(Isolation.READ_COMMITTED) as locking,
        connecting(Isolation.READ_COMMITTED) as looking,
        ThreadPoolExecutor(1) as pool,
    ):
        yield Race(database, locking, looking, pool)


def apply(database: Database, orders: list[Order]) -> object:
    changes = [trigger(order, NOW, Triggered(Kind.LIMIT)) for order in orders]
    return PostgresWaiting(database).apply(changes)


def move(database: Database, orders: list[Order]) -> object:
    PostgresWaiting(database).move([Moved(one.id, one.seq, Part.LIMIT, LIMITS, 7, None) for one in orders])
    return None


def cancel(database: Database, orders: list[Order]) -> object:
    return PostgresControl(database).cancel([order.id for order in orders], NOW, BY_CLIENT)


@pytest.mark.parametrize(
    ("write", "table", "key"),
    [(apply, "orders", "id"), (move, "waiting", "order_id"), (cancel, "orders", "id")],
    ids=["apply", "move", "cancel"],
)
def test_the_order_with_the_least_id_is_locked_first(
    race: Race, write: Callable[[Database, list[Order]], object], table: str, key: str
) -> None:
    database, locking, looking, pool = race
    PostgresApiKeys(database).add(KEY)
    store = PostgresOrders(database)
    orders = [store.place(waiting(), None, None).order for _ in range(3)]
    lock = f"SELECT 1 FROM {table} WHERE {key} = %s FOR UPDATE NOWAIT".encode()
    with locking.transaction():
        locking.execute(lock, [orders[0].id])
        written = pool.submit(write, database, orders[::-1])
        wait_for_a_lock(looking)
        for order in orders[1:]:
            assert looking.execute(lock, [order.id]).fetchall(), "it is locked before the first"
    written.result()


@pytest.mark.parametrize("is_named", [True, False], ids=["one", "all that failed"])
def test_a_replay_locks_the_line_before_its_deliveries_as_who_records_a_try(
    race: Race, *, is_named: bool
) -> None:
    database, locking, looking, pool = race
    store = on_postgres(database, PostgresAudit(looking))
    store.api_keys.add(trading_key())
    hook = endpoint(store)
    order = place(store)
    record(store, taken(store, hook, order), 1, DeliveryState.GIVEN_UP)
    webhooks, deliveries = (
        PostgresWebhooks(database),
        "SELECT 1 FROM webhook_deliveries FOR UPDATE NOWAIT",
    )
    with locking.transaction():
        locking.execute("SELECT 1 FROM webhook_lines FOR UPDATE")
        replayed: Future[object] = (
            pool.submit(webhooks.replay, hook.id, order.id, 1, NOW)
            if is_named
            else pool.submit(webhooks.replay_failed, hook.id, NOW, 9)
        )
        wait_for_a_lock(looking)
        assert looking.execute(deliveries.encode()).fetchall(), "it is locked before the line"
    assert replayed.result() == (True if is_named else (order.id,))
