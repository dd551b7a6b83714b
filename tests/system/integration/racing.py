"""What races on one database begin with: a key, and an order that is about to be signed for."""

from __future__ import annotations

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
