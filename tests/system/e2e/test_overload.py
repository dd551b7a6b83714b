"""More than a laptop can take: a bounded number of processes, and no order behind an error.

One wave of a thousand requests in the suite; waves for a minute with ``DEXEC_SOAK=1`` (``make soak``).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from infra.lab.bench import invoke
from infra.lab.bench.kept_http import Answer, KeptHttp
from infra.lab.bench.usage import Usage
from infra.lab.chaos import faults
from infra.local.workers import default_workers
from tests.support.soak import SOAK
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import ended, orders_of

CONNECTIONS = 1_000
SECONDS = 60 if SOAK else 0
EXECUTE = "/api/orders/execute"
RECOVERED_S = 5
MOST_MB = 1024


@pytest.fixture
def own(deployment: Deployed) -> Deployed:
    if deployment.home is None:
        pytest.skip("the processes of another's deployment cannot be counted")
    return deployment


def http(deployment: Deployed, key: str, connections: int) -> KeptHttp:
    headers = {"x-api-key": key, "content-type": "application/json"}
    return KeptHttp(deployment.http_url, headers, connections, timeout_s=60)


def place(api: KeptHttp, number: int) -> Coroutine[Any, Any, Answer]:
    return api.request("POST", EXECUTE, json.dumps(invoke.order(number)).encode())


def count(deployment: Deployed, function: str) -> int:
    assert deployment.home is not None
    return len(faults.workers(deployment.home, function))


async def counted(most: Counter[str], deployment: Deployed) -> None:
    """Count processes again and again."""
    while True:
        for function in ("HttpApiFunction", "WebSocketFunction", "ExecutorFunction"):
            most[function] = max(most[function], await asyncio.to_thread(count, deployment, function))
        await asyncio.sleep(0.1)


def run(deployment: Deployed, body: Callable[[], Coroutine[Any, Any, None]]) -> Counter[str]:
    """Run ``body`` and return how many processes each function had at most."""
    most: Counter[str] = Counter()

    async def both() -> None:
        counter = asyncio.create_task(counted(most, deployment))
        await body()
        counter.cancel()

    asyncio.run(both())
    return most


def assert_bounded(most: Counter[str]) -> None:
    assert 1 <= most["HttpApiFunction"] <= default_workers()
    assert 1 <= most["WebSocketFunction"] <= default_workers()
    assert 1 <= most["ExecutorFunction"] <= 10


def test_fifty_requests_and_fifty_sockets_at_once_start_no_fifty_processes(own: Deployed) -> None:
    key = own.new_key()
    answers: list[Answer] = []
    told: list[str] = []

    async def watched(number: int, api: KeptHttp) -> None:
        answer = await place(api, number)
        answers.append(answer)
        order_id = str(json.loads(answer.body)["orderId"])
        async with own.feed(key) as feed, asyncio.timeout(30):
            await feed.subscribe(order_id)
            told.extend([event.order_id async for event in feed.until_terminal([order_id])][-1:])

    async def body() -> None:
        async with http(own, key, 50) as api:
            await asyncio.gather(*(watched(number, api) for number in range(50)))

    most = run(own, body)
    assert Counter(answer.status for answer in answers) == {202: 50}
    assert len(set(told)) == 50
    assert_bounded(most)


def test_what_is_too_much_is_refused_and_what_is_accepted_is_executed(own: Deployed) -> None:
    key = own.new_key()
    answers: list[Answer] = []
    usage = Usage(own.state.processes)

    async def client(api: KeptHttp, number: int, until: float) -> None:
        while True:
            answers.append(await place(api, number))
            if time.monotonic() >= until:
                return

    async def body() -> None:
        async with http(own, key, CONNECTIONS) as api:
            until = time.monotonic() + SECONDS
            await asyncio.gather(*(client(api, number, until) for number in range(CONNECTIONS)))
            over = time.monotonic()
            while (await place(api, 0)).status != 202:
                assert time.monotonic() - over < RECOVERED_S
                await asyncio.sleep(0.1)

    most = run(own, body)
    found = Counter(answer.status for answer in answers)
    assert set(found) == {202, 503}, found
    assert all(json.loads(answer.body)["retryAfter"] >= 1 for answer in answers if answer.status == 503)
    accepted = {str(json.loads(answer.body)["orderId"]) for answer in answers if answer.status == 202}
    stored = dict(orders_of(own, key))
    assert accepted <= stored.keys()
    assert len(stored) == found[202] + 1, "no order behind an error"
    outcomes = ended(own, list(stored), timeout_s=60 + 2 * SECONDS)
    assert Counter(outcome.status for outcome in outcomes.values()) == {"confirmed": len(stored)}
    assert_bounded(most)
    assert sum(size for kind, size in usage.read()[1].items() if kind != "load client") < MOST_MB
