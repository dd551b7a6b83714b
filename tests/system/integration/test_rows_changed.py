"""The largest batches change no more rows than a transaction of Aurora DSQL may: no emulator counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.database import Database, Repeat
from dexec.domain.order import Order, expire
from dexec.domain.withdrawals import BY_CLIENT
from dexec.ports import MOST_CANCELLED
from dexec.usecases.judge_tick import ENDED_AT_ONCE
from tests.conftest import Connecting, Isolation
from tests.contract.samples import after, connect, failure
from tests.contract.waiting_samples import OCO, amending, bracket, open_order
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, on_postgres

MOST_ROWS = 3_000
STREAMS = 20

MOST_HEARING = 250
"""Streams that one statement has watch what it ended, order by order."""

CHANGED = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"


def cancelling(store: Backend, orders: Sequence[Order]) -> None:
    store.control.cancel([order.id for order in orders], after(2), BY_CLIENT)


def expiring(store: Backend, orders: Sequence[Order]) -> None:
    store.waits.apply([expire(order, after(2), failure("deadline_passed")) for order in orders])


def watching(connection: BoundedConnection) -> int:
    (counted,) = connection.execute("SELECT count(*) FROM watchers").fetchone() or (0,)
    return int(str(counted))


def bracket_with_all_rows(store: Backend) -> Order:
    """Place a bracket of which both orders wait for two prices and have an end."""
    new = bracket(OCO)
    held = new.exit
    assert held is not None
    new = replace(new, order=replace(new.order, expires_at=after(1)))
    order = store.orders.place(new, None, None).order
    store.orders.amend(amending(held, replace(OCO, stop=None), expires_at=after(9)), None)
    return order


@pytest.mark.parametrize(
    ("end", "orders"), [(cancelling, MOST_CANCELLED), (expiring, ENDED_AT_ONCE)], ids=["cancel", "expire"]
)
def test_a_batch_of_brackets_whose_client_has_many_streams_fits_a_transaction(
    connecting: Connecting, end: Callable[[Backend, Sequence[Order]], None], orders: int
) -> None:
    with (
        closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database,
        connecting(Isolation.READ_COMMITTED) as looking,
    ):
        store = on_postgres(database, PostgresAudit(looking))
        entries = [bracket_with_all_rows(store) for _ in range(orders)]
        for number in range(STREAMS):
            connect(store, f"stream {number}", stream=True)

        def changed() -> int:
            flush = "SELECT pg_stat_force_next_flush()"
            database._run(lambda pipeline: pipeline.connection.execute(flush), Repeat.READ)
            found = looking.execute(CHANGED.encode()).fetchone()
            assert found is not None
            return int(str(found[0]))

        before = changed()
        end(store, entries)
        assert 2 * orders < changed() - before <= MOST_ROWS
        assert watching(looking) == 2 * MOST_HEARING, "of entries as many as of exits"


def test_streams_that_watch_what_is_ended_keep_no_other_from_watching_it(connecting: Connecting) -> None:
    with (
        closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database,
        connecting(Isolation.READ_COMMITTED) as looking,
    ):
        store = on_postgres(database, PostgresAudit(looking))
        for number in range(3):
            connect(store, f"stream {number}", stream=True)
        orders = [open_order(store) for _ in range(MOST_CANCELLED)]
        connect(store, "late", stream=True)
        cancelling(store, orders)
        assert watching(looking) == 4 * MOST_CANCELLED
