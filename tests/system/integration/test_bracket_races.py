"""Many processes at the same bracket: one entry and one exit to a key, one end, and an exit that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.order_params import to_add_waiting
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.waiting_encoding import dump_waiting
from dexec.domain.errors import LeaseLost
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, build, confirm, fail, submit
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Limit
from dexec.domain.waiting.lookup import Part, waiting_rows
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.steps import amend
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey
from tests.conftest import Connecting, Isolation
from tests.contract.samples import FILL, LEASE, NOW, ROUTE, TRANSACTION, after, failure
from tests.contract.test_waiting_orders import bracket
from tests.proofs.simulation.backend import PostgresAudit

THREADS = 8
ROUNDS = 15


@pytest.fixture
def processes(connecting: Connecting, isolation: Isolation) -> Iterator[list[Database]]:
    """Return the connections of as many processes."""
    databases = [Database(lambda: connecting(isolation)) for _ in range(THREADS)]
    PostgresApiKeys(databases[0]).add(ApiKey("key", "alice", 0, None, NOW))
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


def amended(database: Database, held: Order, text: str) -> bool:
    """Amend a held exit in one transaction, as far as it is still so; return whether it was."""
    terms = Terms(limit=Limit(Price(text, Pair("USDC", "SOL"))))
    after_it = amend(held, after(1), held.request, terms, None).after
    assert after_it.waiting is not None
    rows = to_add_waiting(after_it, waiting_rows(after_it, after_it.waiting, after(1)))
    connection = database._connect()
    with connection, connection.transaction():
        moved = connection.execute(
            "UPDATE orders SET seq = seq + 1, waiting = %s WHERE id = %s AND seq = %s AND status = 'held'",
            [dump_waiting(after_it.waiting), held.id, held.seq],
        )
        if not moved.rowcount:
            return False
        connection.execute("DELETE FROM waiting WHERE order_id = %s", [held.id])
        for part, group, key in zip(rows["parts"], rows["groups"], rows["keys"], strict=True):  # type: ignore[call-overload]
            connection.execute(
                "INSERT INTO waiting (order_id, part, client_id, pair, price_group, key, version)"
                " VALUES (%s, %s, 'alice', 'USDC>SOL', %s, %s, %s)",
                [held.id, part, group, key, after_it.seq],
            )
    return True


def test_an_exit_that_is_amended_as_its_entry_is_filled_waits_by_what_it_says(
    processes: list[Database], connecting: Connecting
) -> None:
    barrier = Barrier(2)

    def change(database: Database, held: Order) -> bool | None:
        barrier.wait()
        try:
            return amended(database, held, "0.02")
        except Exception:
            # Refused by the isolation level: it is not written, and would be tried again.
            return None

    won = []
    with ThreadPoolExecutor(1) as pool, connecting(Isolation.READ_COMMITTED) as connection:
        audit, orders = PostgresAudit(connection), PostgresOrders(processes[0])
        for _ in range(ROUNDS):
            new = bracket()
            assert new.exit is not None
            order = signed(orders, orders.place(new, None, None).order)
            amending = pool.submit(change, processes[1], new.exit)
            barrier.wait()
            orders.save(confirm(order, after(1), FILL))
            won.append(amending.result())
            found = orders.find(new.exit.id, "alice")
            assert found is not None
            exit_ = found[0]
            assert exit_.status is Status.OPEN
            assert exit_.waiting is not None
            rows = {part: row for (one, part), row in audit.waiting().items() if one == exit_.id}
            limit = exit_.waiting.terms.limit
            assert limit is not None
            assert rows[Part.LIMIT].row.key == -price_key(limit.price.value)
            assert len(rows) == (1 if won[-1] else 2)
            assert {row.book for row in rows.values()} == {Pair("USDC", "SOL")}
            assert {row.version for row in rows.values()} == {exit_.seq}
            assert exit_.seq == (3 if won[-1] else 2)
