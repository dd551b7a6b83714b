"""Own CPU of an order: both handlers in one warm process, one order after the other.

``python -m infra.lab.bench.warm_orders ORDERS API_KEY``; the last line it prints is the measurement as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import mean
from typing import cast

from infra.lab.bench import invoke, yardstick

WARM_UP = 30
PIECE = 25
"""Orders after which the yardstick's work is done as often."""


def measure(orders: int, api_key: str) -> dict[str, float]:
    """Return CPU milliseconds of this process per order, by handler, and of the yardstick's work.

    Raises ``ValueError`` for fewer than ``PIECE`` orders.
    """
    if orders < PIECE:
        raise ValueError(f"{PIECE} orders are the least that can be measured")
    accept, execute = invoke.load(invoke.FUNCTIONS / "http_api"), invoke.load(invoke.FUNCTIONS / "executor")
    for number in range(WARM_UP):
        execute(invoke.queue_message(_place(accept, number, api_key)), invoke.Context())
    print(json.dumps({"warm": True}), flush=True)
    sys.stdin.readline()
    accept_s = execute_s = 0.0
    yardstick_ms: list[float] = []
    for number in range(orders):
        before = time.process_time()
        order_id = _place(accept, number, api_key)
        between = time.process_time()
        failures = execute(invoke.queue_message(order_id), invoke.Context())["batchItemFailures"]
        after = time.process_time()
        accept_s += between - before
        execute_s += after - between
        # In pieces, so that both meet the same noise, and few of them, so that it keeps its caches to itself.
        if number % PIECE == PIECE - 1:
            yardstick_ms.append(yardstick.cpu_ms(PIECE))
        if failures:
            raise RuntimeError(f"{order_id} was not executed in one run")
    return {
        "acceptCpuMs": accept_s * 1000 / orders,
        "executeCpuMs": execute_s * 1000 / orders,
        "yardstickCpuMs": mean(yardstick_ms),
    }


def _place(accept: invoke.Handler, number: int, api_key: str) -> str:
    answer = accept(invoke.post_order(number, api_key), invoke.Context())
    if answer["statusCode"] != 202:
        raise RuntimeError(f"the order was refused: {answer}")
    return str(json.loads(cast(str, answer["body"]))["orderId"])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
