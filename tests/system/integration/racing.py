"""What races on one database need: a key, an order that is about to be signed for, a look at who waits."""

from __future__ import annotations

import time

from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.order import Order, build
from dexec.ports import ApiKey
from tests.contract.samples import LEASE, NOW, ROUTE, new_order

KEY = ApiKey("key", "alice", 0, None, NOW)


def built(orders: PostgresOrders) -> Order:
    """Place an order and take it as far as its route, under a lease of its own."""
    order = orders.place(new_order(), None, None).order
    claimed = orders.claim(order.id, f"token of {order.id}", NOW, NOW + LEASE).order
    assert claimed is not None
    change = build(claimed, NOW, ROUTE)
    orders.save(change)
    return change.after


def wait_for_a_lock(connection: BoundedConnection) -> None:
    """Return once a statement waits for another's lock."""
    waits = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        (counted,) = connection.execute(waits).fetchone() or (0,)
        if counted:
            return
        time.sleep(0.01)
    raise AssertionError("nothing waits")
