"""Which orders go when a deployment keeps them for a while, and what goes with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from dexec.adapters.postgres import archive, sources
from dexec.adapters.postgres.archive import PostgresArchive
from dexec.adapters.postgres.database import Database
from dexec.domain.order import Order, fail
from tests.contract.samples import (
    NOW,
    after,
    claimed,
    connect,
    failure,
    new_order,
    place,
    trading_key,
)
from tests.contract.waiting_samples import in_every_status
from tests.contract.webhook_samples import endpoint
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, on_postgres


@pytest.fixture
def database(clean_url: str) -> Iterator[Database]:
    with closing(Database(sources.from_url(clean_url))) as database:
        yield database


@pytest.fixture
def store(database: Database, clean_url: str) -> Iterator[Backend]:
    with sources.from_url(clean_url)() as audit:
        store = on_postgres(database, PostgresAudit(audit))
        store.api_keys.add(trading_key())
        yield store


@pytest.fixture
def kept(database: Database) -> PostgresArchive:
    return PostgresArchive(database)


def ended(store: Backend, seconds: float, placed_s: float = 0) -> Order:
    """Return an order that failed then, which is four rows with its events."""
    order = store.orders.place(new_order(now=after(placed_s)), None, None).order
    change = fail(claimed(store, order, now=after(placed_s)), after(seconds), failure("x"))
    store.orders.save(change)
    return change.after


def add_events(database_url: str, order_id: str, count: int) -> None:
    """Let an order have rested so often before its last event."""
    with psycopg.connect(database_url) as connection:
        for table in ("orders SET seq = seq + %s WHERE id", "order_events SET seq = seq + %s WHERE order_id"):
            connection.execute(f"UPDATE {table} = %s".encode(), [count, order_id])
        connection.execute(
            "INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)"
            " SELECT order_id, n, 'open', 'released', 1, detail, at"
            " FROM order_events, generate_series(1, %s) n WHERE order_id = %s AND seq = %s",
            [count, order_id, count + 3],
        )


def left(store: Backend) -> set[str]:
    return {order.id for order, _ in store.audit.histories()}


def owners(database_url: str, table: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        return {str(one) for (one,) in connection.execute(f"SELECT order_id FROM {table}".encode())}


def test_what_ended_before_goes_with_all_that_is_its_and_nothing_else(
    store: Backend, kept: PostgresArchive, clean_url: str
) -> None:
    connect(store, "c", stream=True)
    endpoint(store)
    orders, young, due_later = in_every_status(store), ended(store, 10), ended(store, 10, placed_s=10)
    stays = {young.id, due_later.id, *(one.id for one in orders.values() if not one.is_terminal)}
    assert kept.forget(after(10)).orders == 4
    assert left(store) == stays
    assert owners(clean_url, "order_events") == stays
    assert owners(clean_url, "watchers") == stays
    assert store.outbox.drop_orphans(9) == 4
    assert owners(clean_url, "webhook_lines") == stays
    assert kept.forget(after(10)) == (0, 0)


def test_an_order_whose_start_is_to_come_stays(store: Backend, kept: PostgresArchive) -> None:
    order = claimed(store, place(store))
    store.orders.save(fail(order, after(5), failure("x")).releasing(after(30)))
    assert kept.forget(after(30)) == (0, 0)
    assert kept.forget(after(31)).orders == 1


@pytest.mark.parametrize(("most_rows", "gone"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_orders_go_until_so_many_rows_have_gone(
    store: Backend, kept: PostgresArchive, monkeypatch: pytest.MonkeyPatch, most_rows: int, gone: int
) -> None:
    monkeypatch.setattr(archive, "MOST_ROWS", most_rows)
    newest_first = [ended(store, 50, placed_s=seconds) for seconds in (40, 30, 20, 10)]
    assert kept.forget(after(60)).orders == gone
    assert left(store) == {one.id for one in newest_first[: 4 - gone]}


@pytest.mark.parametrize("gone", [1, 2])
def test_so_many_orders_go_at_once_the_oldest_first(
    store: Backend, kept: PostgresArchive, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    monkeypatch.setattr(archive, "MOST_ORDERS", gone)
    newest_first = [ended(store, 50, placed_s=seconds) for seconds in (30, 20, 10)]
    assert kept.forget(after(60)).orders == gone
    assert left(store) == {one.id for one in newest_first[: 3 - gone]}
    assert newest_first[-1].run_at > NOW


def test_the_events_of_an_order_that_waited_for_weeks_go_in_batches_and_then_the_order(
    store: Backend, kept: PostgresArchive, clean_url: str
) -> None:
    """Aurora DSQL changes 3,000 rows in a transaction at the most; an order of three events goes with it."""
    waited, young = ended(store, 9), ended(store, 10)
    short = ended(store, 9, placed_s=1)
    add_events(clean_url, waited.id, 4_000)
    batches = []
    while (batch := kept.forget(after(10))).events:
        batches.append(batch)
    assert [batch.events for batch in batches] == [2_000, 2_000, 3, 3]
    assert [batch.orders for batch in batches] == [0, 0, 1, 1]
    assert left(store) == {young.id}
    assert short.id not in owners(clean_url, "order_events")
