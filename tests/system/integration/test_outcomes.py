"""The column that indexes hold instead of the status: what it spares, and what became of older orders."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres import migrations, sources
from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.lifecycle import TERMINAL, Status
from dexec.ports import ApiKey
from infra.lab.bench import history
from tests.support.fakes import START
from tests.system.edge.inprocess import Deployment
from tests.system.integration.conftest import KEY

ORDERS = 20
OLD = 1_500
"""More than one batch marks."""


@pytest.fixture
def orders(clean_url: str) -> Iterator[PostgresOrders]:
    with closing(Database(sources.from_url(clean_url))) as database:
        # Of a client without a key nothing is lost, whatever its status.
        PostgresApiKeys(database).add(ApiKey("key", "alice", 0, None, START))
        yield PostgresOrders(database)


@pytest.fixture
def unmarked_url(clean_url: str) -> str:
    """Return a database in which orders ended under code that marks none."""
    history.grow(clean_url, "alice", 1, OLD)
    with psycopg.connect(clean_url, autocommit=True) as connection:
        connection.execute("UPDATE orders SET outcome = NULL")
    return clean_url


def test_of_four_updates_an_order_only_the_last_changes_an_index(
    deployment: Deployment, clean_url: str
) -> None:
    before = updates(clean_url)
    for _ in range(ORDERS):
        assert deployment.execute(deployment.place(KEY)) == []
    # A server process reports what it did when it ends, at the latest.
    deployment.parts.database.close()
    deadline = time.monotonic() + 10
    after = updates(clean_url)
    while after[0] - before[0] < 4 * ORDERS and time.monotonic() < deadline:
        time.sleep(0.05)
        after = updates(clean_url)
    made, hot = (now - then for now, then in zip(after, before, strict=True))
    assert made == 4 * ORDERS
    # A page that is full sends a version elsewhere, now and then.
    assert 3 * ORDERS - 3 <= hot <= 3 * ORDERS


def test_a_route_is_stored_once(deployment: Deployment, clean_url: str) -> None:
    order_id = deployment.place(KEY)
    assert deployment.execute(order_id) == []
    with psycopg.connect(clean_url) as connection:
        holding = connection.execute(
            "SELECT 'order', to_jsonb(orders)::text FROM orders WHERE to_jsonb(orders)::text LIKE '%gapBps%' "
            "UNION ALL SELECT step, detail FROM order_events WHERE detail LIKE '%gapBps%'"
        ).fetchall()
    ((where, route),) = holding
    assert where == "quotes"
    one = deployment.read(order_id, KEY)
    (listed,) = cast("list[dict[str, object]]", deployment.http("GET", "/api/orders", key=KEY).json["orders"])
    assert one["route"] == listed["route"] == json.loads(route)


def test_orders_that_ended_before_the_migration_are_marked_by_it(
    unmarked_url: str, orders: PostgresOrders
) -> None:
    with psycopg.connect(unmarked_url, autocommit=True) as connection:
        connection.execute("DELETE FROM migrations WHERE name = '0007_outcomes'")
    assert migrations.migrate(sources.from_url(unmarked_url), START) == ["0007_outcomes"]
    assert unmarked(unmarked_url) == 0
    assert len(orders.history("alice", Status.FAILED, None, OLD + 1)) == OLD


def test_orders_that_older_code_ends_meanwhile_are_marked_by_the_sweeper(
    unmarked_url: str, orders: PostgresOrders
) -> None:
    later = START + timedelta(days=1_000)
    with psycopg.connect(unmarked_url) as connection:
        endings = "ARRAY['confirmed', 'failed', 'cancelled', 'expired']"
        connection.execute(f"UPDATE orders SET status = ({endings})[1 + abs(hashtext(id)) % 4]".encode())
    while unmarked(unmarked_url):
        left = unmarked(unmarked_url)
        assert orders.lost(later, 0, True, 0, 10) == ()
        assert unmarked(unmarked_url) < left
    counts = {status: len(orders.history("alice", status, None, OLD)) for status in TERMINAL}
    assert all(counts.values())
    assert sum(counts.values()) == OLD


def unmarked(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM orders WHERE outcome IS NULL").fetchone()
    assert found is not None
    return int(found[0])


def updates(url: str) -> tuple[int, int]:
    """Return how many updates the orders have had, and how many of them changed no index."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'orders'"
        ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])
