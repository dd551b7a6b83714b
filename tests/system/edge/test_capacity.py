"""Orders for as much as the pools can give, and one unit more: each fails for the reason that is true."""

from __future__ import annotations

from typing import cast

from dexec.domain.amounts import format_amount
from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import SWAP, Answer, Deployment

USDC_DECIMALS = 6


def quote(functions: Deployment, amount: int) -> Answer:
    query = {"tokenIn": "SOL", "tokenOut": "USDC", "mode": "exactOut"}
    text = format_amount(amount, USDC_DECIMALS)
    return functions.http("GET", "/api/quotes", key=OWNER, query={**query, "amount": text})


def failure(functions: Deployment, amount: int) -> dict[str, object]:
    """Return the error that an order for this amount ends with."""
    text = format_amount(amount, USDC_DECIMALS)
    order_id = functions.place(OWNER, SWAP | {"mode": "exactOut", "amount": text})
    functions.execute_all()
    order = functions.read(order_id, OWNER)
    assert (order["status"], order["attempt"]) == ("failed", 1)
    return cast("dict[str, object]", order["error"])


def test_orders_around_what_the_pools_can_give(functions: Deployment) -> None:
    """The last units of a pool cost more than any balance holds; the ledger's numbers end at 2^63."""
    low, high = 1, 10**15
    while high - low > 1:
        middle = (low + high) // 2
        if quote(functions, middle).status == 200:
            low = middle
        else:
            high = middle
    refusal = quote(functions, high)
    assert (refusal.status, refusal.json["type"]) == (422, "/errors/insufficient_liquidity")
    assert failure(functions, low)["code"] == "insufficient_funds"
    beyond = failure(functions, high)
    assert beyond["code"] == "insufficient_liquidity"
    assert "above 9223372036854775807 base units" in str(beyond["message"])
