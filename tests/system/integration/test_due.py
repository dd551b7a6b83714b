"""However much is due, a look at it reads a bounded number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import cast

import psycopg
import pytest

from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.statements import sql
from dexec.domain.halts import Stop, Switch
from dexec.domain.waiting.lookup import LIMITS
from dexec.ports import Bound
from tests.conftest import Connecting, Isolation
from tests.contract.samples import NOW, trading_key
from tests.contract.waiting_samples import SOL_USDC, open_order
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, on_postgres

Opened = tuple[Backend, psycopg.Connection[tuple[object, ...]]]


@pytest.fixture(name="opened")
def opened_store(connecting: Connecting) -> Iterator[Opened]:
    """Return a store in which one client may trade, and a connection to it."""
    with (
        connecting(Isolation.READ_COMMITTED) as connection,
        closing(Database(lambda: connecting(Isolation.READ_COMMITTED))) as database,
    ):
        connection.autocommit = True
        store = on_postgres(database, PostgresAudit(connection))
        store.api_keys.add(trading_key())
        yield store, connection


@pytest.mark.parametrize(("in_front", "is_found"), [(4_999, True), (5_000, False)])
def test_of_what_reaches_a_bound_5_000_rows_are_looked_at(
    opened: Opened, in_front: int, is_found: bool
) -> None:
    store, connection = opened
    order = open_order(store)
    connection.execute(
        "INSERT INTO waiting"
        " SELECT 'ord_' || n, part, client_id, pair, book, price_group, key + 1, at, version"
        " FROM waiting, generate_series(1, %s) n",
        [in_front],
    )
    found = store.waits.due_by_price([Bound(SOL_USDC, LIMITS, -(2**62), most=9)])
    assert [one.order.id for one in found] == [order.id] * is_found


@pytest.mark.parametrize("is_halted", [True, False], ids=["halted", "without a key"])
def test_rows_of_clients_that_may_not_trade_are_in_nobodys_way(opened: Opened, *, is_halted: bool) -> None:
    store, connection = opened
    if is_halted:
        store.api_keys.add(trading_key("bob"))
        store.control.stop(Switch(Stop.HALTED, NOW, "bob"))
    order = open_order(store)
    connection.execute("UPDATE waiting SET at = %s", [NOW])
    connection.execute(
        "INSERT INTO waiting"
        " SELECT 'ord_' || n, part, 'bob', pair, book, price_group, key + 1, at - interval '1 s', version"
        " FROM waiting, generate_series(1, 5000) n",
    )
    by_price = store.waits.due_by_price([Bound(SOL_USDC, LIMITS, -(2**62), most=9)])
    by_time = store.waits.due_by_time([SOL_USDC], NOW)
    assert [[one.order.id for one in found] for found in (by_price, by_time)] == [[order.id]] * 2


def test_the_groups_of_a_book_are_found_past_whatever_is_due_by_the_time_alone(opened: Opened) -> None:
    store, connection = opened
    open_order(store)
    connection.execute(
        "INSERT INTO waiting"
        " SELECT 'ord_' || n, 'expiry', client_id, pair, book, NULL, key, at, version"
        " FROM waiting, generate_series(1, 20000) n",
    )
    connection.execute("VACUUM ANALYZE waiting")
    assert store.waits.groups() == {SOL_USDC: (LIMITS,)}
    found = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql("waiting_groups")).fetchone()
    assert found is not None
    (plan,) = cast(list[dict[str, dict[str, int]]], found[0])
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 30
