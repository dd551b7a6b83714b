"""Placing orders over HTTP, beside the page."""

from __future__ import annotations

import time

from tests.system.e2e.deployed import Deployed

ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"}
CLEAN_RUN = ["Pending", "Routing", "Routing (quotes)", "Building", "Submitted", "Confirmed"]
"""The timeline of an order without incidents."""


def place(deployed: Deployed, api_key: str, count: int = 1, **fields: str) -> list[str]:
    """Place orders over HTTP and return their ids."""
    with deployed.client(api_key) as client:
        answers = [client.post("api/orders/execute", json={**ORDER, **fields}) for _ in range(count)]
    assert [answer.status_code for answer in answers] == [202] * count
    return [answer.json()["orderId"] for answer in answers]


def wait_until_over(deployed: Deployed, api_key: str, order_ids: list[str]) -> None:
    deadline = time.monotonic() + 60
    with deployed.client(api_key) as client:
        for order_id in order_ids:
            while client.get(f"api/orders/{order_id}").json()["status"] not in ("confirmed", "failed"):
                assert time.monotonic() < deadline, f"{order_id} is still open"
                time.sleep(0.1)
