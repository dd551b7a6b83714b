"""What end-to-end tests ask a deployment for, past its API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

import psycopg

from infra.lab.chaos import evidence
from infra.lab.chaos.evidence import Outcome
from infra.local import stack
from infra.local.home import Home
from tests.system.e2e import inprocess
from tests.system.e2e.deployed import Deployed

CLEAN_RUN = ["pending", "routing", "routing", "building", "submitted", "confirmed"]


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = 20) -> None:
    """Ask again and again, and more rarely the longer it takes: each look costs the deployment something."""
    began, pause_s = time.monotonic(), 0.02
    while not holds():
        assert time.monotonic() < began + timeout_s, f"after {timeout_s:.0f} s still not: {what}"
        time.sleep(pause_s)
        pause_s = min(1.5 * pause_s, 0.5)


def ended(deployment: Deployed, order_ids: Sequence[str], timeout_s: float = 30) -> dict[str, Outcome]:
    """Wait until the orders are over and return what became of them."""

    def over() -> bool:
        found = evidence.outcomes(deployment.database_url, order_ids)
        return len(found) == len(order_ids) and all(outcome.terminal for outcome in found.values())

    wait_until(over, f"{len(order_ids)} orders are over", timeout_s)
    return evidence.outcomes(deployment.database_url, order_ids)


async def ended_async(deployment: Deployed, order_ids: Sequence[str]) -> dict[str, Outcome]:
    return await asyncio.to_thread(ended, deployment, order_ids)


def orders_of(deployment: Deployed, api_key: str) -> list[tuple[str, str]]:
    """Return id and status of everything stored for a test's client, whose name is its key."""
    with psycopg.connect(deployment.database_url) as connection:
        rows = connection.execute("SELECT id, status FROM orders WHERE client_id = %s", [api_key]).fetchall()
    return [(str(order_id), str(status)) for order_id, status in rows]


def messages(deployment: Deployed) -> dict[str, int]:
    """Return how many messages the two queues hold: visible, being worked on and delayed."""
    names: list[Any] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    outputs = stack.outputs(deployment.aws)
    counts: dict[str, int] = {}
    for name in ("OrderQueueUrl", "DeadLetterQueueUrl"):
        answer = deployment.aws.sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=names)
        counts[name] = sum(int(count) for count in answer["Attributes"].values())
    return counts


def wait_for_clean_queues(deployment: Deployed) -> None:
    """Wait until both queues are empty: every test ends, or cancels, what it places.

    A message that comes while another executor has its order comes again after the lease, 25 s.
    """
    wait_until(lambda: not any(messages(deployment).values()), "both queues are empty", timeout_s=40)


def cancel_what_waits(deployment: Deployed, home: Home) -> None:
    """Cancel every order that waits, whoever placed it, and wait until no function ticks the market."""

    def any_of(query: LiteralString) -> list[str]:
        with psycopg.connect(deployment.database_url) as connection:
            return [str(one) for (one,) in connection.execute(query).fetchall()]

    waiting = any_of("SELECT id FROM orders WHERE outcome = 'resting'")
    if waiting:
        ran = inprocess.run("orders", "cancel", *waiting, "--yes", "--home", str(home.root))
        assert ran.returncode == 0, ran.stderr
    ticking: LiteralString = "SELECT shard FROM shards WHERE lease_until > now()"
    wait_until(lambda: not any_of(ticking), "no function ticks the market", timeout_s=40)
