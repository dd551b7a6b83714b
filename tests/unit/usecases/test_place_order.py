"""Accepting: stored first, queued second, and an honest answer whichever of the two fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain.errors import (
    CommitUnknown,
    IdempotencyConflict,
    Invalid,
    OrderWithdrawn,
    QueueUnavailable,
    StoreUnavailable,
    TooManyOrders,
    Unavailable,
)
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import ApiKey, RateLimit
from dexec.usecases.place_order import Submission
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import SWAP, World

SUBMISSION = Submission(SWAP, idempotency_key="k")


def submit(world: World, caller: ApiKey, submission: Submission = SUBMISSION) -> Order:
    with world.tape.process():
        return world.place_order(submission, caller).order


def failing(world: World, call: int, error: Exception, *, after: bool = False) -> None:
    """Have a call fail, with or without its effect."""

    def act(work: Work) -> object:
        if after:
            work()
        raise error

    world.tape.faults[call] = Fault("failing", act)


def orders(world: World) -> list[Order]:
    return [order for order, _ in world.backend.audit.histories()]


def test_a_new_order_is_pending_and_queued(world: World, alice: ApiKey) -> None:
    order = submit(world, alice, replace(SUBMISSION, label="mine"))
    assert (order.status, order.seq, order.client_id, order.label) == (Status.PENDING, 1, "alice", "mine")
    assert [message.order_id for message in world.queue.messages] == [order.id]
    assert world.tape.calls == ["orders.place", "queue.send"]


def test_its_message_waits_until_it_may_start(world: World, alice: ApiKey) -> None:
    for _ in range(11):
        order = submit(world, alice, Submission(SWAP))
    (*_, message) = world.queue.messages
    assert order.run_at > world.clock.now()
    assert message.visible_at == order.run_at


def test_an_order_that_would_start_past_its_deadline_is_refused(world: World, alice: ApiKey) -> None:
    for _ in range(10):
        submit(world, alice, Submission(SWAP))
    # 100 a minute, ten at once: the next slots are 0.6 s apart, rounded up to whole seconds.
    swap = replace(SWAP, deadline_s=2)
    assert submit(world, alice, Submission(swap)).expires_at == world.clock.now() + timedelta(seconds=2)
    stored = len(orders(world))
    with pytest.raises(TooManyOrders, match="after its deadline of 2 s") as refused:
        submit(world, alice, Submission(swap))
    assert refused.value.retry_after_s >= 1
    assert len(orders(world)) == stored, "nothing is stored"
    started = submit(world, alice, Submission(replace(SWAP, deadline_s=3)))
    assert started.expires_at is not None
    assert started.run_at < started.expires_at


def test_nothing_is_stored_when_the_store_is_away(world: World, alice: ApiKey) -> None:
    failing(world, 0, StoreUnavailable("away"))
    with pytest.raises(Unavailable):
        submit(world, alice)
    assert not world.queue.messages


def test_a_commit_that_is_not_known_names_its_order(world: World, alice: ApiKey) -> None:
    failing(world, 0, CommitUnknown("lost"), after=True)
    with pytest.raises(CommitUnknown) as unknown:
        submit(world, alice)
    assert [order.id for order in orders(world)] == [unknown.value.order_id]


def test_an_order_that_cannot_be_queued_is_withdrawn(world: World, alice: ApiKey) -> None:
    failing(world, 1, QueueUnavailable("away"))
    with pytest.raises(OrderWithdrawn) as withdrawn:
        submit(world, alice)
    (order,) = orders(world)
    assert withdrawn.value.order_id == order.id
    assert (order.status, order.error and order.error.code) == (Status.FAILED, "unavailable")
    assert submit(world, alice).status is Status.PENDING, "its key is free again"


def test_an_order_that_an_executor_has_already_is_accepted(world: World, alice: ApiKey) -> None:
    """The message did arrive, only the answer was lost."""

    def lose_the_answer(work: Work) -> object:
        work()
        world.deliver()
        raise QueueUnavailable("no answer")

    world.tape.faults[1] = Fault("lost answer", lose_the_answer)
    order = submit(world, alice)
    assert [one.status for one in orders(world)] == [Status.CONFIRMED]
    assert order.id == orders(world)[0].id


def test_an_order_that_was_asked_for_again_is_accepted(world: World, alice: ApiKey) -> None:
    def repeat_meanwhile(work: Work) -> object:
        world.clock.advance(0.1)
        world.place(alice, key="k")
        raise QueueUnavailable("away")

    world.tape.faults[1] = Fault("away", repeat_meanwhile)
    order = submit(world, alice)
    world.settle()
    assert world.accepted == {order.id}
    assert [one.status for one in orders(world)] == [Status.CONFIRMED]


def test_a_withdrawal_that_is_not_known_is_said_to_be_so(world: World, alice: ApiKey) -> None:
    failing(world, 1, QueueUnavailable("away"))
    failing(world, 2, StoreUnavailable("away"))
    with pytest.raises(CommitUnknown) as unknown:
        submit(world, alice)
    assert unknown.value.order_id == orders(world)[0].id


def test_a_repeat_sends_the_message_of_a_pending_order_again(world: World, alice: ApiKey) -> None:
    first = submit(world, alice)
    assert submit(world, alice).id == first.id
    assert len(world.queue.messages) == 2
    world.settle()
    assert submit(world, alice).status is Status.CONFIRMED
    assert not world.queue.messages


def test_a_repeat_that_cannot_be_queued_leaves_the_order_alone(world: World, alice: ApiKey) -> None:
    first = submit(world, alice)
    world.queue.is_away = True
    assert submit(world, alice).id == first.id
    assert [order.status for order in orders(world)] == [Status.PENDING]


@pytest.mark.parametrize(
    "other",
    [
        replace(SUBMISSION, label="other"),
        replace(SUBMISSION, request=replace(SWAP, amount=1)),
        replace(SUBMISSION, request=replace(SWAP, slippage_bps=51)),
    ],
)
def test_another_body_under_the_same_key_is_a_conflict(
    world: World, alice: ApiKey, other: Submission
) -> None:
    submit(world, alice)
    with pytest.raises(IdempotencyConflict):
        submit(world, alice, other)


def test_a_key_may_bound_the_amount_of_an_order(world: World, alice: ApiKey) -> None:
    bounded = replace(alice, max_amounts={"SOL": SWAP.amount})
    submit(world, bounded)
    with pytest.raises(Invalid, match=r"1\.5 SOL"):
        submit(world, bounded, Submission(replace(SWAP, amount=SWAP.amount + 1)))


def test_a_bounded_key_may_not_name_a_token_without_a_bound(world: World, alice: ApiKey) -> None:
    with pytest.raises(Invalid):
        submit(world, replace(alice, max_amounts={"USDC": 10**18}))


def test_a_key_has_its_own_rate_or_none(world: World) -> None:
    slow, free = world.client("slow", orders_per_minute=1), world.client("free", orders_per_minute=0)
    for _ in range(11):
        held_back = submit(world, slow, Submission(SWAP))
        at_once = submit(world, free, Submission(SWAP))
    assert (held_back.run_at - world.clock.now()).total_seconds() == 60
    assert at_once.run_at == world.clock.now()


@pytest.mark.parametrize(("interval_s", "per_minute"), [(30, 2), (15, 4)])
def test_the_rate_of_a_key_is_by_the_minute(world: World, interval_s: int, per_minute: int) -> None:
    caller = world.client("slow", orders_per_minute=per_minute)
    orders = [submit(world, caller, Submission(SWAP)) for _ in range(11)]
    assert (orders[-1].run_at - world.clock.now()).total_seconds() == interval_s


@pytest.mark.parametrize(("after_s", "delay_s"), [(0, 60), (0.4, 60), (58.7, 2), (60, 0), (65, 0)])
def test_a_repeat_is_delayed_for_what_is_left_in_whole_seconds(
    world: World, after_s: float, delay_s: int
) -> None:
    caller = world.client("slow", orders_per_minute=1)
    for _ in range(10):
        submit(world, caller, Submission(SWAP))
    submit(world, caller)
    world.clock.advance(after_s)
    submit(world, caller)
    assert (world.queue.messages[-1].visible_at - world.clock.now()).total_seconds() == delay_s


def test_an_order_that_would_start_at_its_deadline_is_refused(world: World, alice: ApiKey) -> None:
    # One a second, for five seconds ahead, which is the deadline.
    place = replace(world.place_order, default_rate=RateLimit(1, 1, 5))
    submission = Submission(replace(SWAP, deadline_s=5))
    with world.tape.process():
        waits = [place(submission, alice).order.run_at - world.clock.now() for _ in range(5)]
        assert [wait.total_seconds() for wait in waits] == [0, 1, 2, 3, 4]
        with pytest.raises(TooManyOrders, match="after its deadline of 5 s"):
            place(submission, alice)
        later = place(Submission(replace(SWAP, deadline_s=6)), alice).order
        assert (later.run_at - world.clock.now()).total_seconds() == 5


def test_a_hint_is_given_of_each_new_order(world: World, alice: ApiKey) -> None:
    hints: list[Order] = []
    place = replace(world.place_order, hint=hints.append)
    with world.tape.process():
        first = place(SUBMISSION, alice).order
        place(SUBMISSION, alice)
        second = place(Submission(SWAP), alice).order
    assert hints == [first, second]
