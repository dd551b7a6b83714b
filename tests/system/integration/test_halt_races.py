"""A halt while a signature is being stored: once the halt has returned, none is stored any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier

import pytest
from psycopg import errors

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.control import PostgresControl
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.order_params import to_save
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.statements import sql
from dexec.domain.errors import LeaseLost, SigningHalted
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, submit
from dexec.usecases.cancel_orders import CancelOrders
from dexec.usecases.halt import Halt, Halted
from tests.conftest import Connecting, Isolation
from tests.contract.samples import NOW, TRANSACTION
from tests.support.fakes import FakeClock
from tests.system.integration.racing import KEY, built

ROUNDS = 15
EXECUTORS = 8
OLD_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM switches"
"""Begins a transaction that does not see what is committed from now on."""


@pytest.fixture
def database(connecting: Connecting) -> Iterator[Database]:
    """Return the database as operators reach it, with a client's key."""
    with closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database:
        PostgresApiKeys(database).add(KEY)
        yield database


def halt(database: Database) -> Halt:
    return Halt(PostgresControl(database), FakeClock(), 25)


def revoke(database: Database) -> None:
    PostgresApiKeys(database).add(replace(KEY, revoked_at=NOW))


def status_of(database: Database, order: Order) -> Status:
    (found,) = PostgresControl(database).orders([order.id])
    return found.status


def write(connection: BoundedConnection, change: Change) -> int:
    """Run the statement that stores a signature; return how many events it wrote."""
    row = connection.execute(sql("sign_order"), to_save(change)).fetchone()
    assert row is not None
    return int(str(row[0]))


def paused(database: Database) -> Halted:
    return halt(database).everything()


def revoked(database: Database) -> Halted:
    revoke(database)
    return halt(database).client("alice")


def halted(database: Database) -> Halted:
    return halt(database).trading(Switch(Stop.HALTED, NOW))


def halted_for_alice(database: Database) -> Halted:
    return halt(database).trading(Switch(Stop.HALTED, NOW, "alice"))


def reducing(database: Database) -> Halted:
    return halt(database).trading(Switch(Stop.REDUCING, NOW, token_out="USDT"))


def reducing_alice(database: Database) -> Halted:
    return halt(database).trading(Switch(Stop.REDUCING, NOW, "alice", "USDT"))


HALTS = [paused, revoked, halted, halted_for_alice, reducing, reducing_alice]


@pytest.mark.parametrize("stop", HALTS)
def test_a_snapshot_from_before_the_halt_stores_no_signature_after_it(
    connecting: Connecting, database: Database, stop: Callable[[Database], Halted]
) -> None:
    """Such a statement sees no switch and a valid key; that its lease is gone it cannot overlook."""
    order = built(PostgresOrders(database))
    with connecting(Isolation.READ_COMMITTED) as executor:
        executor.execute(OLD_SNAPSHOT)
        assert stop(database) == Halted((order.id,), ())
        with pytest.raises(errors.SerializationFailure):
            write(executor, submit(order, NOW, TRANSACTION))
        executor.execute("ROLLBACK")
    assert status_of(database, order) is Status.BUILDING


def test_a_halt_waits_for_a_signature_that_is_being_stored_and_names_it(
    connecting: Connecting, database: Database
) -> None:
    order = built(PostgresOrders(database))
    with connecting(Isolation.READ_COMMITTED) as executor, ThreadPoolExecutor(1) as pool:
        executor.execute(OLD_SNAPSHOT)
        assert write(executor, submit(order, NOW, TRANSACTION)) == 1
        halting = pool.submit(halt(database).everything)
        with pytest.raises(TimeoutError):
            halting.result(timeout=0.3)
        executor.execute("COMMIT")
        assert halting.result() == Halted((), (order.id,))
    assert status_of(database, order) is Status.SUBMITTED


@pytest.mark.parametrize("stop", [paused, halted_for_alice, reducing])
def test_whatever_executors_do_nothing_is_signed_after_a_halt(
    connecting: Connecting,
    isolation: Isolation,
    database: Database,
    stop: Callable[[Database], Halted],
) -> None:
    control = PostgresControl(database)
    stores = [Database(lambda: connecting(isolation)) for _ in range(EXECUTORS)]
    with ThreadPoolExecutor(EXECUTORS) as pool:
        for _ in range(ROUNDS):
            orders = [built(PostgresOrders(store)) for store in stores]
            barrier = Barrier(EXECUTORS + 1)

            def sign(number: int, orders: list[Order] = orders, barrier: Barrier = barrier) -> bool:
                barrier.wait()
                try:
                    PostgresOrders(stores[number]).save(submit(orders[number], NOW, TRANSACTION))
                except (SigningHalted, LeaseLost):
                    return False
                return True

            signing = [pool.submit(sign, number) for number in range(EXECUTORS)]
            barrier.wait()
            found = stop(database)
            at_return = {one.id: one.status for one in control.orders([order.id for order in orders])}
            signed = [order.id for order, done in zip(orders, signing, strict=True) if done.result()]
            assert {one for one, status in at_return.items() if status is Status.SUBMITTED} == set(signed)
            assert set(found.signed) <= set(signed)
            assert not set(found.stopped) & set(signed)
            for whose in (None, "alice"):
                control.lift([*Stop], whose)
    for store in stores:
        store.close()


def test_an_order_is_cancelled_or_signed_never_both(
    connecting: Connecting, isolation: Isolation, database: Database
) -> None:
    store = Database(lambda: connecting(isolation))
    with closing(store), ThreadPoolExecutor(1) as pool:
        for _ in range(ROUNDS):
            order = built(PostgresOrders(database))
            barrier = Barrier(2)

            def sign(order: Order = order, barrier: Barrier = barrier) -> bool:
                barrier.wait()
                try:
                    PostgresOrders(store).save(submit(order, NOW, TRANSACTION))
                except LeaseLost:
                    return False
                return True

            signing = pool.submit(sign)
            barrier.wait()
            cancel = CancelOrders(PostgresControl(database), FakeClock(), lambda _: None, is_known=True)
            cancelled = cancel.by_id([order.id])
            is_signed = signing.result()
            assert (cancelled.cancelled, cancelled.too_late) == (
                ((), (order.id,)) if is_signed else ((order.id,), ())
            )
            assert status_of(database, order) is (Status.SUBMITTED if is_signed else Status.CANCELLED)
