"""The day's usage of a client whose orders are signed and settled at the same time, on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from random import Random
from threading import Barrier

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.risk import PostgresRisk
from dexec.domain.errors import StoreConflict
from dexec.domain.order import Order, confirm, submit, try_again
from dexec.domain.risk import Reservation, RiskLimits, RiskRefused
from tests.conftest import Connecting, Isolation
from tests.contract.samples import FILL, NOW, TRANSACTION, failure
from tests.system.integration.racing import KEY, built

EXECUTORS = 4
ROUNDS = 6
DAY = date(NOW.year, NOW.month, NOW.day)
WORTH = 300_000_000
MOST = 1_000_000_000


def test_however_many_sign_at_once_the_day_takes_its_limit_and_is_the_sum(
    connecting: Connecting, isolation: Isolation
) -> None:
    stores = [Database(lambda: connecting(isolation)) for _ in range(EXECUTORS)]
    database = stores[0]
    PostgresApiKeys(database).add(KEY)
    risk = PostgresRisk(database)
    risk.set("alice", RiskLimits(max_daily=MOST), NOW)
    counted: dict[str, int] = {}
    random = Random(1)
    with ThreadPoolExecutor(EXECUTORS) as pool:
        for _ in range(ROUNDS):
            orders = [built(PostgresOrders(store)) for store in stores]
            barrier = Barrier(EXECUTORS)

            def sign(number: int, orders: list[Order] = orders, barrier: Barrier = barrier) -> Order | None:
                barrier.wait()
                reserved = Reservation(DAY, WORTH, "USDC")
                change = submit(orders[number], NOW, TRANSACTION, reserved)
                try:
                    PostgresOrders(stores[number]).save(change)
                except (RiskRefused, StoreConflict):
                    return None
                return change.after

            signed = [order for order in pool.map(sign, range(EXECUTORS)) if order is not None]
            counted |= {order.id: WORTH for order in signed}
            assert risk.used("alice", DAY, "USDC") == sum(counted.values()) <= MOST
            for order in signed:
                if random.random() < 0.3:
                    PostgresOrders(database).save(confirm(order, NOW, FILL))
                    counted[order.id] = FILL.amount_out
                else:
                    PostgresOrders(database).save(try_again(order, NOW, failure("blockhash_expired")))
                    del counted[order.id]
            assert risk.used("alice", DAY, "USDC") == sum(counted.values())
    assert counted, "some were filled"
    for store in stores:
        store.close()
