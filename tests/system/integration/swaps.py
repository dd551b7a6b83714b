"""Orders as a client amends and cancels them over HTTP, and as an executor signs them."""

from __future__ import annotations

import json

from dexec.domain.order import build, submit
from tests.contract.samples import LEASE, ROUTE, TRANSACTION
from tests.system.edge.inprocess import SWAP, Answer, Deployment
from tests.system.integration.conftest import KEY

LIMIT = SWAP | {"orderType": "limit", "limitPrice": "100000"}


def cancel(deployment: Deployment, order_id: str, key: str = KEY) -> Answer:
    return deployment.http("DELETE", f"/api/orders/{order_id}", key=key)


def amend(deployment: Deployment, order_id: str, key: str = KEY, **fields: object) -> Answer:
    return deployment.http("PATCH", f"/api/orders/{order_id}", key=key, body=json.dumps(fields))


def sign(deployment: Deployment, order_id: str) -> None:
    """Take an order as far as its stored signature."""
    orders, now = deployment.parts.orders, deployment.clock.now()
    taken = orders.claim(order_id, "executor", now, now + LEASE).order
    assert taken is not None
    building = build(taken, now, ROUTE)
    orders.save(building)
    orders.save(submit(building.after, now, TRANSACTION))
