"""Limits by scheduling: nothing is refused that can be done later, and a long queue is not a lost one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dexec.domain.errors import TooManyOrders
from dexec.domain.order import fail
from dexec.usecases.place_order import Submission
from tests.contract.samples import failure
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import SETTINGS, SWAP, World

EXECUTORS = 2
ORDER_S = 0.55
"""What an order takes at the default latency: 200 ms to quote, up to 300 ms to land, and its round trips."""


def first_routing(world: World) -> list[datetime]:
    return sorted(events[1].at for _, events in world.backend.audit.histories())


def test_250_orders_at_once_start_no_faster_than_the_limits_allow() -> None:
    world = World()
    alice = world.client()
    orders = [world.place(alice) for _ in range(250)]
    promised = sorted(order.run_at for order in orders if order is not None)
    assert len(promised) == 250
    waiting = sum(run_at > world.start for run_at in promised)
    assert waiting == 250 - SETTINGS.order_burst
    assert len(world.tape.calls) == 500 + waiting, (
        "store and queue for each, and the streams of those that wait"
    )
    world.settle()
    check(world)
    starts = first_routing(world)
    for number, (start, run_at) in enumerate(zip(starts, promised, strict=True), 1):
        assert start >= run_at
        since = (start - world.start).total_seconds()
        assert number <= SETTINGS.order_burst + since * SETTINGS.orders_per_minute / 60


def test_past_the_backlog_a_client_learns_when_to_retry() -> None:
    limits = {"orders_per_minute": 6, "order_burst": 2, "max_backlog_seconds": 60}
    world = World(settings=SETTINGS.model_copy(update=limits))
    alice = world.client()
    for _ in range(8):
        assert world.place(alice) is not None
    with world.tape.process(), pytest.raises(TooManyOrders) as refused:
        world.place_order(Submission(SWAP), alice)
    world.clock.advance(refused.value.retry_after_s)
    assert world.place(alice) is not None
    bob = world.client("bob")
    placed = world.place(bob)
    assert placed is not None
    assert placed.run_at == world.clock.now(), "clients do not wait for each other"


def test_a_queue_of_2_000_is_not_taken_for_lost() -> None:
    """Two executors take nine minutes for it; the sweeper looks every minute and queues nothing again."""
    world = World()
    free = world.client(orders_per_minute=0)
    for _ in range(2_000):
        world.place(free)
    a_minute = int(EXECUTORS * 60 / ORDER_S)
    while world.queue.messages:
        done, world.queue.messages = world.queue.messages[:a_minute], world.queue.messages[a_minute:]
        for message in done:
            finish(world, message.order_id)
        world.clock.advance(60)
        world.sweep()
    assert (world.clock.now() - world.start).total_seconds() > 500
    assert "orders.lost" in world.tape.calls
    assert "orders.requeue" not in world.tape.calls


def finish(world: World, order_id: str) -> None:
    """End an order as an executor does, without all that leads there."""
    orders, now = world.backend.orders, world.clock.now()
    claimed = orders.claim(order_id, "token", now, now + timedelta(seconds=25)).order
    assert claimed is not None
    orders.save(fail(claimed, now, failure("x")))
