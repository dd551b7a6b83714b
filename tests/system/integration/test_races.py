"""Many processes at the same order: one order to a key, one slot, one lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import psycopg
import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.errors import LeaseLost
from dexec.domain.order import Order, fail
from dexec.ports import ClaimOutcome, RateLimit
from tests.conftest import Connecting, Isolation
from tests.contract.samples import LEASE, NOW, failure, new_order
from tests.system.integration.racing import KEY

THREADS = 20
ROUNDS = 50
RATE = RateLimit(interval_s=1, burst=1, max_backlog_s=900)

T = TypeVar("T")


class Race:
    """Runs something in every process at the same moment."""

    def __init__(self, processes: list[PostgresOrders]) -> None:
        self.processes = processes
        self._barrier = Barrier(THREADS)
        self._pool = ThreadPoolExecutor(THREADS)

    def run(self, work: Callable[[PostgresOrders, int], T]) -> list[T]:
        def start(orders: PostgresOrders, number: int) -> T:
            self._barrier.wait()
            return work(orders, number)

        return list(self._pool.map(start, self.processes, range(THREADS)))

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def race(connecting: Connecting, isolation: Isolation) -> Iterator[Race]:
    """Return the store as each of many processes sees it."""
    databases = [Database(lambda: connecting(isolation)) for _ in range(THREADS)]
    PostgresApiKeys(databases[0]).add(KEY)
    race = Race([PostgresOrders(database) for database in databases])
    yield race
    race.close()
    for database in databases:
        database.close()


def test_one_key_is_one_order_and_one_slot(race: Race, connecting: Connecting) -> None:
    """Who loses writes nothing: for a stream and an endpoint it would be twice."""
    with connecting(Isolation.READ_COMMITTED) as connection:
        connection.execute("INSERT INTO connections VALUES ('stream', 'alice', 'key', true, 0, now())")
        connection.execute(
            "INSERT INTO webhooks (id, client_id, key_hash, url, events, secret, created_at, failures)"
            " VALUES ('hook', 'alice', 'key', '', '', '', now(), 0)"
        )
    race.processes[0].place(new_order("bob"), RATE, None)
    for n in range(ROUNDS):
        key = f"key {n}"
        placed = race.run(lambda orders, _, key=key: orders.place(new_order(key=key), RATE, None))  # type: ignore[misc]
        assert len({one.order.id for one in placed}) == 1
        assert sum(one.is_new for one in placed) == 1
    with connecting(Isolation.READ_COMMITTED) as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_events),"
            " (SELECT count(*) FROM watchers), (SELECT count(*) FROM webhook_lines),"
            " ARRAY(SELECT tat - %s FROM rate_limits ORDER BY client_id)",
            (NOW,),
        ).fetchone()
    slots = [timedelta(seconds=ROUNDS), timedelta(seconds=1)]
    assert counts == (ROUNDS + 1, ROUNDS + 1, ROUNDS, ROUNDS, slots), "of alice, and of bob"


def test_one_of_many_gets_the_lease(race: Race) -> None:
    order = race.processes[0].place(new_order(), None, None).order
    for n in range(10):
        now = NOW + n * LEASE
        claims = race.run(lambda orders, token, now=now: orders.claim(order.id, str(token), now, now + LEASE))  # type: ignore[misc]
        outcomes = [claim.outcome for claim in claims]
        assert outcomes.count(ClaimOutcome.CLAIMED) == 1
        assert outcomes.count(ClaimOutcome.HELD) == THREADS - 1


def test_a_claim_goes_by_the_order_as_it_is_not_as_it_was(clean_url: str, connecting: Connecting) -> None:
    """Another executor takes the order on and releases it, while a claim waits for its row."""
    with (
        closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database,
        psycopg.connect(clean_url) as other,
        psycopg.connect(clean_url, autocommit=True) as watch,
        ThreadPoolExecutor(1) as pool,
    ):
        PostgresApiKeys(database).add(KEY)
        orders = PostgresOrders(database)
        order = orders.place(new_order(), None, None).order
        other.execute("UPDATE orders SET seq = 3, status = 'building' WHERE id = %s", [order.id])
        claim = pool.submit(orders.claim, order.id, "late", NOW, NOW + LEASE)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        deadline = time.monotonic() + 10
        while watch.execute(waiting).fetchone() == (0,) and time.monotonic() < deadline:
            time.sleep(0.01)
        other.commit()
        assert claim.result().outcome is ClaimOutcome.HELD
        found = watch.execute(
            "SELECT seq, status, lease_token, (SELECT count(*) FROM order_events) FROM orders"
        ).fetchone()
        assert found == (3, "building", None, 1)


def test_one_of_many_writes(race: Race) -> None:
    first = race.processes[0]
    order = first.place(new_order(), None, None).order
    claimed = first.claim(order.id, "token", NOW, NOW + LEASE).order
    assert claimed is not None
    change = fail(claimed, NOW, failure("x"))

    def save(orders: PostgresOrders, _: int) -> bool:
        try:
            orders.save(change)
        except LeaseLost:
            return False
        return True

    assert race.run(save).count(True) == 1
    found = first.find(order.id, order.client_id)
    assert found is not None
    assert [event.seq for event in found[1]] == [1, 2, 3]


def test_one_of_many_puts_a_lost_order_back(race: Race) -> None:
    order = race.processes[0].place(new_order(), None, None).order
    assert race.run(lambda orders, n: orders.requeue(order, NOW + timedelta(seconds=n + 1))).count(True) == 1


def test_a_repeat_and_a_withdrawal_never_both_succeed(race: Race) -> None:
    """Whoever is told that the order stands must not lose it to the one whose message was not queued."""
    first = race.processes[0]
    later = NOW + timedelta(seconds=1)
    for n in range(ROUNDS):
        order = first.place(new_order(key=f"key {n}"), None, None).order

        def act(orders: PostgresOrders, number: int, n: int = n, order: Order = order) -> str | bool:
            if number == 0:
                return orders.withdraw(order, later, failure("unavailable"))
            return orders.place(new_order(key=f"key {n}", now=later), None, None).order.id

        withdrawn, *placed = race.run(act)
        found = first.find(order.id, order.client_id)
        assert found is not None
        assert found[0].is_terminal == withdrawn
        assert len(set(placed)) == 1 or withdrawn
        assert not (withdrawn and order.id in placed), "a repeat was told that the order stands"
