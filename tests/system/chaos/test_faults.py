"""Every accepted order is executed exactly once with every event delivered, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from dexec_client.raw.feed import Feed
from infra.lab.chaos import evidence, faults
from infra.lab.chaos.experiments import RECOVERY_S, SHORT, Experiment, Stand, run
from infra.local.keys import create_key


@pytest.mark.parametrize("experiment", SHORT, ids=lambda experiment: experiment.name)
def test_a_hundred_orders_survive(experiment: Experiment, stand: Stand) -> None:
    result = asyncio.run(run(experiment, stand))
    assert result.held, result
    assert (result.orders, result.confirmed) == (100, 100)
    assert result.recovered_s < RECOVERY_S
    assert evidence.unbalanced(stand.state.database_url) == {}


def test_a_worker_killed_in_mid_order_costs_the_order_nothing(stand: Stand) -> None:
    """Its transaction is signed, stored and sent when its executor dies; the next one finds it landed."""
    create_key(stand.state.database_url, "mid-order", orders_per_minute=0)

    async def kill_at_submitted() -> tuple[str, int]:
        killed = 0
        async with Feed(stand.state.websocket_url, "mid-order") as feed, asyncio.timeout(RECOVERY_S):
            ack = await feed.execute({"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"})
            order_id = str(ack["orderId"])
            async for event in feed.until_terminal([order_id]):
                if event.status == "submitted":
                    killed += faults.kill_workers(stand.home)
            return order_id, killed

    with faults.reconfigured(stand.aws, faults.EXECUTOR, PAPER_LATENCY="congested"):
        order_id, killed = asyncio.run(kill_at_submitted())
    assert killed == 1
    outcome = evidence.outcomes(stand.state.database_url, [order_id])[order_id]
    assert outcome.status == "confirmed"
    assert outcome.debits == 1
    assert outcome.complete
    assert outcome.statuses.count("submitted") == 1
