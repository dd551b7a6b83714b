"""Streams hear at once of an order that has to wait, where that takes no time from its client's answer."""

from __future__ import annotations

import pytest

from dexec.api.times import iso
from dexec.domain.errors import StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import ApiKey
from dexec.usecases.place_order import Submission
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import SWAP, World


def submit(world: World, caller: ApiKey, submission: Submission) -> Order:
    with world.tape.process():
        return world.place_order(submission, caller).order


def failing(world: World, call: int, error: Exception) -> None:
    """Have a call fail."""

    def act(work: Work) -> object:
        raise error

    world.tape.faults[call] = Fault("failing", act)


def later(world: World, caller: ApiKey, watcher: str | None = None) -> Order:
    """Place orders until one has to wait, and return that one."""
    while True:
        order = submit(world, caller, Submission(SWAP, watcher=watcher))
        if order.run_at > world.clock.now():
            return order


def test_streams_hear_at_once_of_an_order_that_waits(world: World, alice: ApiKey) -> None:
    bob = world.client("bob")
    for name, caller in (("stream", alice), ("second", alice), ("bob's", bob)):
        world.connect(name, caller, stream=True)
    world.connect("plain", alice)
    order = later(world, alice)
    for name in ("stream", "second"):
        (frame,) = world.push.frames[name]
        assert (frame["orderId"], frame["status"], frame["seq"]) == (order.id, "pending", 1)
        assert frame["startsAt"] == iso(order.run_at)
        assert (frame["tokenIn"], frame["amount"]) == ("SOL", "1.5")
    assert world.push.frames.keys() == {"stream", "second"}
    world.settle()
    assert world.push.seqs("stream", order.id) == [1, 1, 2, 3, 4, 5, 6], "at least once, and in order"


def test_an_order_that_starts_at_once_costs_nothing_more(world: World, alice: ApiKey) -> None:
    world.connect("stream", alice, stream=True)
    submit(world, alice, Submission(SWAP))
    assert world.tape.calls == ["orders.place", "queue.send"]


def test_who_placed_a_waiting_order_is_told_by_its_answer(world: World, alice: ApiKey) -> None:
    world.connect("own", alice, stream=True)
    world.connect("other", alice, stream=True)
    order = later(world, alice, watcher="own")
    assert world.push.seqs("other", order.id) == [1]
    assert world.push.seqs("own", order.id) == []


def test_a_repeat_of_a_waiting_order_is_not_announced_again(world: World, alice: ApiKey) -> None:
    world.connect("stream", alice, stream=True)
    later(world, alice)
    waiting = Submission(SWAP, idempotency_key="k")
    first, second = (submit(world, alice, waiting) for _ in range(2))
    assert first.id == second.id
    assert world.push.seqs("stream", first.id) == [1]


@pytest.mark.parametrize("call", ["watching.streams", "push.post", "watching.settle"])
def test_no_announcement_that_fails_fails_the_order(world: World, alice: ApiKey, call: str) -> None:
    world.connect("gone", alice, stream=True)
    world.push.gone = {"gone"}
    later(world, alice)
    world.connect("gone", alice, stream=True)
    calls_before = len(world.tape.calls)
    submit(world, alice, Submission(SWAP))
    at = calls_before + world.tape.calls[calls_before:].index(call) - calls_before
    world.connect("gone", alice, stream=True)
    failing(world, len(world.tape.calls) + at, StoreUnavailable("gone"))
    order = submit(world, alice, Submission(SWAP))
    assert (world.tape.calls[-1] == call) or call != "watching.settle"
    assert order.status is Status.PENDING
    assert [message.order_id for message in world.queue.messages].count(order.id) == 1


@pytest.mark.parametrize(("took_s", "seqs"), [(2, [1]), (2.001, [])])
def test_an_acceptance_that_took_long_is_answered_instead(
    world: World, alice: ApiKey, took_s: float, seqs: list[int]
) -> None:
    world.connect("stream", alice, stream=True)
    later(world, alice)

    def act(work: Work) -> object:
        placed = work()
        world.clock.advance(took_s)
        return placed

    world.tape.faults[len(world.tape.calls)] = Fault("slow", act)
    order = submit(world, alice, Submission(SWAP))
    assert world.push.seqs("stream", order.id) == seqs
    assert ("watching.settle" in world.tape.calls[-2:]) is bool(seqs)


def test_an_announcement_waits_a_second_at_most(world: World, alice: ApiKey) -> None:
    waits: list[float] = []
    world.waiting = lambda _, seconds: waits.append(seconds)
    world.connect("slow", alice, stream=True)
    later(world, alice)
    # Half a second, after which a connection is slow, the rest of the second, and for those that were slow.
    assert waits == [0.5, 0.5, 0.1]
