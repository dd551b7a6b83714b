"""Many processes at the same bracket: one entry and one exit to a key, one end, and an exit that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.errors import LeaseLost
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, build, confirm, fail, submit
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Limit
from dexec.domain.waiting.lookup import waiting_rows
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.steps import amend
from dexec.domain.waiting.terms import Terms, Waiting
from tests.conftest import Connecting, Isolation
from tests.contract.samples import FILL, LEASE, NOW, ROUTE, TRANSACTION, after, failure
from tests.contract.waiting_samples import EXITS, bracket
from tests.proofs.simulation.audit import PostgresAudit
from tests.system.integration.racing import KEY, wait_for_a_lock

THREADS = 8
ROUNDS = 15


@pytest.fixture
def processes(connecting: Connecting, isolation: Isolation) -> Iterator[list[Database]]:
    """Return the connections of as many processes."""
    databases = [Database(lambda: connecting(isolation)) for _ in range(THREADS)]
    PostgresApiKeys(databases[0]).add(KEY)
    yield databases
    for database in databases:
        database.close()


def signed(orders: PostgresOrders, order: Order) -> Order:
    taken = orders.claim(order.id, "mine", NOW, NOW + LEASE).order
    assert taken is not None
    building = build(taken, NOW, ROUTE)
    orders.save(building)
    change = submit(building.after, NOW, TRANSACTION)
    orders.save(change)
    return change.after


def test_one_key_is_one_bracket(processes: list[Database], connecting: Connecting) -> None:
    barrier = Barrier(THREADS)

    def place(database: Database, key: str) -> str:
        new = bracket(key=key)
        barrier.wait()
        return PostgresOrders(database).place(new, None, None).order.id

    with ThreadPoolExecutor(THREADS) as pool:
        for n in range(ROUNDS):
            assert len(set(pool.map(place, processes, [f"key {n}"] * THREADS))) == 1
    with connecting(Isolation.READ_COMMITTED) as connection:
        audit = PostgresAudit(connection)
        entries = [order for order, _ in audit.histories() if order.exit_id is not None]
        exits = {order.id: order for order, _ in audit.histories() if order.entry_id is not None}
        assert len(entries) == len(exits) == ROUNDS
        assert {entry.id: entry.exit_id for entry in entries} == {
            one.entry_id: one.id for one in exits.values()
        }
        assert {order_id for order_id, _ in audit.waiting()} == exits.keys()


def test_one_of_many_ends_an_entry_and_its_exit_fits_that_end(
    processes: list[Database], connecting: Connecting
) -> None:
    barrier = Barrier(THREADS)

    def end(database: Database, order: Order, number: int) -> int | None:
        """Return what was bought, 0 for a failure; None for who came too late."""
        bought = number if number % 2 else 0
        fill = replace(FILL, amount_out=bought)
        change = confirm(order, after(1), fill) if bought else fail(order, after(1), failure("x"))
        barrier.wait()
        try:
            PostgresOrders(database).save(change)
        except LeaseLost:
            return None
        return bought

    with ThreadPoolExecutor(THREADS) as pool, connecting(Isolation.READ_COMMITTED) as connection:
        audit, first = PostgresAudit(connection), PostgresOrders(processes[0])
        for _ in range(ROUNDS):
            order = signed(first, first.place(bracket(), None, None).order)
            ends = list(pool.map(end, processes, [order] * THREADS, range(THREADS)))
            (won,) = [one for one in ends if one is not None]
            found = first.find(order.exit_id or "", "alice")
            assert found is not None
            exit_, events = found
            books = [row.book for (order_id, _), row in audit.waiting().items() if order_id == exit_.id]
            if won:
                assert (exit_.status, exit_.request.amount) == (Status.OPEN, won)
                assert books == [Pair("USDC", "SOL")] * 2
            else:
                assert (exit_.status, books) == (Status.CANCELLED, [])
            assert len(events) == 2, "it was opened, or cancelled, once"


def amend_in(connection: BoundedConnection, held: Order, text: str) -> Order:
    """Write an amendment of a held exit, without a commit."""
    terms = Terms(limit=Limit(Price(text, Pair("USDC", "SOL"))))
    wanted = amend(held, after(1), held.request, terms, None).after
    assert wanted.waiting is not None
    (row,) = waiting_rows(wanted, wanted.waiting, after(1)).rows
    connection.execute(
        "UPDATE orders SET seq = seq + 1, waiting = %s WHERE id = %s AND seq = %s AND status = 'held'",
        [dump_waiting(wanted.waiting), held.id, held.seq],
    )
    connection.execute("DELETE FROM waiting WHERE order_id = %s", [held.id])
    connection.execute(
        "INSERT INTO waiting (order_id, part, client_id, pair, price_group, key, version)"
        " VALUES (%s, %s, 'alice', 'USDC>SOL', %s, %s, %s)",
        [held.id, row.part.value, str(row.group), row.key, wanted.seq],
    )
    return wanted


def test_an_exit_that_is_amended_just_before_it_opens_waits_by_what_it_says(
    processes: list[Database], connecting: Connecting
) -> None:
    """The entry's end waits for the amendment's row, and must then see the amendment's other rows, too."""
    orders, new = PostgresOrders(processes[0]), bracket()
    assert new.exit is not None
    order = signed(orders, orders.place(new, None, None).order)
    with (
        ThreadPoolExecutor(1) as pool,
        connecting(Isolation.READ_COMMITTED) as looking,
        connecting(Isolation.READ_COMMITTED) as amending,
    ):
        with amending.transaction():
            wanted = amend_in(amending, new.exit, "0.02")
            saving = pool.submit(orders.save, confirm(order, after(2), FILL))
            wait_for_a_lock(looking)
        saving.result()
        found = orders.find(new.exit.id, "alice")
        assert found is not None
        exit_ = found[0]
        assert (exit_.status, exit_.request.amount, exit_.seq) == (Status.OPEN, FILL.amount_out, 3)
        assert exit_.waiting == replace(wanted.waiting or Waiting.of(EXITS), since=0)
        ((_, row),) = PostgresAudit(looking).waiting().items()
        assert row.row.key == -price_key(Price("0.02", Pair("USDC", "SOL")).value)
        assert (row.book, row.version) == (Pair("USDC", "SOL"), 3)
