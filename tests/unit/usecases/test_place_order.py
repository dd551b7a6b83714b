"""Accepting: stored first, queued second, and an honest answer whichever of the two fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain.errors import (
    CommitUnknown,
    ExitsCross,
    IdempotencyConflict,
    Invalid,
    NoPrice,
    OrderWithdrawn,
    QueueUnavailable,
    StoreUnavailable,
    TooManyOrders,
    Unavailable,
    WouldTrigger,
)
from dexec.domain.ids import order_id
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, Limit, Stop
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms
from dexec.ports import ApiKey, RateLimit
from dexec.usecases.place_order import Submission
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import SWAP, World
from tests.support.fakes import START

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
    with pytest.raises(OrderWithdrawn, match=r"^the order was not queued and has been") as withdrawn:
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


# --- orders that wait --------------------------------------------------------------------------------

PAIR = Pair("SOL", "USDC")


def at(text: str, pair: Pair = PAIR) -> Terms:
    return Terms(limit=Limit(Price(text, pair, of_out=pair != PAIR)))


FAR, MET = at("100000"), at("1")
BACK = Terms(stop=Stop(Price("100000", Pair("USDC", "SOL"), of_out=True)))


def test_an_order_that_waits_is_stored_and_not_queued(world: World, alice: ApiKey) -> None:
    ticking: list[Order] = []
    world.place_order = replace(world.place_order, start_ticking=ticking.append)
    order = submit(world, alice, replace(SUBMISSION, terms=FAR))
    assert (order.status, order.waiting and order.waiting.terms) == (Status.OPEN, FAR)
    looked = ["ticks.seen", "venue.read", "venue.read"]
    assert world.tape.calls == [*looked, "orders.place"], "one look"
    assert ticking == [order], "told after it is stored"
    assert not world.queue.messages
    assert submit(world, alice, replace(SUBMISSION, terms=FAR)) == order, "a repeat shows it as it stands"


def test_a_market_that_is_watched_is_not_to_be_watched_twice(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking: list[Order] = []
    world.place_order = replace(world.place_order, start_ticking=ticking.append)
    place = world.backend.orders.place
    monkeypatch.setattr(world.backend.orders, "place", lambda *given: replace(place(*given), is_ticked=True))
    submit(world, alice, Submission(SWAP, terms=FAR))
    assert ticking == []


def test_a_limit_that_is_met_starts_like_a_market_order_and_rests_if_it_misses(
    world: World, alice: ApiKey
) -> None:
    order = submit(world, alice, replace(SUBMISSION, terms=MET))
    assert order.status is Status.PENDING
    assert order.waiting is not None
    assert order.waiting.fired is Kind.LIMIT
    assert [message.order_id for message in world.queue.messages] == [order.id]


def test_what_waits_counts_against_the_rate_and_takes_no_slot(world: World, alice: ApiKey) -> None:
    for _ in range(10):
        submit(world, alice, Submission(SWAP, terms=FAR))
    with pytest.raises(TooManyOrders, match=r"faster than your key's 100 a minute: .* in 1 s"):
        submit(world, alice, Submission(SWAP, terms=FAR))
    assert submit(world, alice, Submission(SWAP)).run_at == world.clock.now()


def test_a_bracket_is_an_entry_and_a_held_exit(world: World, alice: ApiKey) -> None:
    entry = submit(world, alice, replace(SUBMISSION, exits=BACK, label="mine"))
    held = next(order for order in orders(world) if order.id == entry.exit_id)
    assert (held.status, held.entry_id, held.client_id) == (Status.HELD, entry.id, "alice")
    assert (held.seq, held.attempt) == (1, 1)
    assert held.request == RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 0, SWAP.slippage_bps)
    assert held.waiting is not None
    assert held.waiting.terms == BACK
    assert [message.order_id for message in world.queue.messages] == [entry.id]


def test_a_repeat_that_would_be_refused_by_now_keeps_the_order_from_being_withdrawn(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = replace(SUBMISSION, expires_at=START + timedelta(seconds=1))
    send, repeated = world.queue.send, []

    def send_late(order_id: str, client_id: str, delay_s: int) -> None:
        monkeypatch.setattr(world.queue, "send", send)
        world.clock.advance(2)
        repeated.append(submit(world, alice, soon))
        raise QueueUnavailable

    monkeypatch.setattr(world.queue, "send", send_late)
    order = submit(world, alice, soon)
    assert [one.id for one in repeated] == [order.id]
    assert [one.status for one in orders(world)] == [Status.PENDING]


def test_an_exit_has_the_greater_id_whatever_is_drawn(world: World, alice: ApiKey) -> None:
    """A cancel of both locks them by their ids, the end of the entry locks the entry first."""
    drawn = iter(sorted((order_id(START, bytes([n] * 10)) for n in range(2)), reverse=True))
    place = replace(world.place_order, new_id=lambda _: next(drawn))
    with world.tape.process():
        entry = place(replace(SUBMISSION, exits=BACK), alice).order
    held = next(order for order in orders(world) if order.entry_id == entry.id)
    assert entry.id < held.id == entry.exit_id


@pytest.mark.parametrize(
    ("submission", "error"),
    [
        (Submission(SWAP, terms=Terms(stop=Stop(Price("100000", PAIR)))), WouldTrigger),
        (Submission(SWAP, exits=Terms(limit=Limit(Price("100000", Pair("USDC", "SOL"), True)))), ExitsCross),
        (Submission(SWAP, expires_at=START), Invalid),
    ],
)
def test_what_is_refused_is_not_stored(
    world: World, alice: ApiKey, submission: Submission, error: type[Exception]
) -> None:
    with pytest.raises(error):
        submit(world, alice, submission)
    assert not orders(world)


def test_a_stop_without_a_price_to_judge_it_by_is_refused(world: World, alice: ApiKey) -> None:
    for venue in world.venues:
        venue.failures = 1
    with pytest.raises(NoPrice):
        submit(world, alice, Submission(SWAP, terms=Terms(stop=Stop(Price("1", PAIR)))))
    assert not orders(world)


def test_a_repeat_stands_although_it_would_be_refused_now(world: World, alice: ApiKey) -> None:
    stop = replace(SUBMISSION, terms=Terms(stop=Stop(Price("1", PAIR))), expires_at=START + timedelta(days=1))
    hints: list[Order] = []
    world.place_order = replace(world.place_order, hint=hints.append)
    order = submit(world, alice, stop)
    for venue in world.venues:
        venue.failures = 1
    assert submit(world, alice, stop) == order
    assert hints == [order], "it is not new"
    world.clock.advance(2 * 86_400)
    assert submit(world, alice, stop) == order, "its end has passed, and yet it is the same request"
    with pytest.raises(IdempotencyConflict):
        submit(world, alice, replace(stop, label="other"))


def test_where_waiting_is_not_enabled_market_orders_alone_are_taken(world: World, alice: ApiKey) -> None:
    world.place_order = replace(world.place_order, takes_waiting=False)
    for submission in (Submission(SWAP, terms=FAR), Submission(SWAP, exits=BACK)):
        with pytest.raises(Unavailable, match="not enabled on this deployment yet"):
            submit(world, alice, submission)
    assert submit(world, alice, Submission(SWAP)).status is Status.PENDING


def test_an_order_that_would_start_after_it_expires_is_refused(world: World, alice: ApiKey) -> None:
    for _ in range(10):
        submit(world, alice, Submission(SWAP))
    soon = world.clock.now() + timedelta(seconds=1.5)
    assert submit(world, alice, Submission(SWAP, expires_at=soon)).expires_at == soon
    with pytest.raises(TooManyOrders, match="after its deadline of 2 s"):
        submit(world, alice, Submission(SWAP, expires_at=soon))


def test_an_order_that_waits_is_announced_with_its_exit(world: World, alice: ApiKey) -> None:
    told: list[tuple[str, Status]] = []
    hints: list[Order] = []
    world.place_order = replace(
        world.place_order,
        announce=lambda order, event, *_: told.append((order.id, event.status)),
        hint=hints.append,
    )
    entry = submit(world, alice, Submission(SWAP, terms=at("50000"), exits=BACK))
    assert told == [(entry.id, Status.OPEN), (entry.exit_id, Status.HELD)]
    assert [one.id for one in hints] == [entry.id, entry.exit_id]
