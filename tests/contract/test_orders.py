"""What every implementation of the ``Orders`` port does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import IdempotencyConflict, LeaseLost, TooManyOrders
from dexec.domain.halts import Stop
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Order, build, confirm, fail, try_again
from dexec.ports import ClaimOutcome, RateLimit
from tests.contract.samples import (
    FILL,
    LEASE,
    NOW,
    PAUSED,
    REQUEST,
    ROUTE,
    SLOW,
    TRANSACTION,
    after,
    claim,
    claimed,
    connect,
    failure,
    new_order,
    place,
    read,
    stored,
    submitted,
)
from tests.proofs.simulation.backend import Backend


def events(store: Backend, order: Order) -> list[tuple[int, Status, Step | None, int]]:
    return [(event.seq, event.status, event.step, event.attempt) for event in read(store, order)[1]]


# --- placing -----------------------------------------------------------------------------------------


def test_a_placed_order_is_found_by_its_client_alone(store: Backend) -> None:
    new = new_order()
    placed = store.orders.place(new, None, None)
    assert placed.is_new
    assert placed.order == new.order
    assert store.orders.find(new.order.id, "bob") is None
    answer = store.orders.find(new.order.id, "alice")
    assert answer is not None
    assert answer[0] == new.order
    (event,) = answer[1]
    assert (event.order_id, event.seq, event.status, event.step, event.attempt, event.detail, event.at) == (
        new.order.id, 1, Status.PENDING, None, 1, Accepted(None, REQUEST), NOW
    )  # fmt: skip


def test_a_repeated_key_stands_for_the_first_order(store: Backend) -> None:
    first = store.orders.place(new_order(key="k"), None, None)
    second = store.orders.place(new_order(key="k", now=after(1)), None, None)
    assert not second.is_new
    assert second.order.id == first.order.id
    assert len(store.orders.history("alice", None, None, 10)) == 1


def test_a_key_belongs_to_a_client(store: Backend) -> None:
    assert store.orders.place(new_order("alice", "k"), None, None).is_new
    assert store.orders.place(new_order("bob", "k"), None, None).is_new


def test_a_key_with_another_body_is_a_conflict(store: Backend) -> None:
    store.orders.place(new_order(key="k"), None, None)
    with pytest.raises(IdempotencyConflict):
        store.orders.place(new_order(key="k", hashes=("other",)), None, None)


def test_the_order_that_a_key_stands_for_is_known(store: Backend) -> None:
    for client, key in (("bob", "k"), ("alice", "l"), ("bob", "m")):
        store.orders.place(new_order(client, key), None, None)
    first = store.orders.place(new_order(key="k"), None, None).order
    assert store.orders.known(new_order(key="k")) == first
    assert [store.orders.known(new_order(key=key)) for key in (None, "m")] == [None, None]
    with pytest.raises(IdempotencyConflict):
        store.orders.known(new_order(key="k", hashes=("other",)))


def test_placing_the_very_same_order_again_changes_nothing(store: Backend) -> None:
    new = new_order(key="k")
    store.orders.place(new, SLOW, None)
    again = store.orders.place(new, SLOW, None)
    assert again.order.id == new.order.id
    assert again.is_new, "its caller made it, whether or not it was told so"
    assert events(store, new.order) == [(1, Status.PENDING, None, 1)]


def test_slots_follow_the_rate_after_the_burst(store: Backend) -> None:
    starts = [store.orders.place(new_order(), SLOW, None).order.run_at for _ in range(4)]
    assert starts == [NOW, NOW, after(10), after(20)]


def test_a_slot_is_rounded_up_to_whole_seconds(store: Backend) -> None:
    rate = replace(SLOW, interval_s=0.6, burst=1)
    starts = [store.orders.place(new_order(), rate, None).order.run_at for _ in range(4)]
    assert starts == [NOW, after(1), after(2), after(2)]


@pytest.mark.parametrize(("at_s", "wait_s"), [(0, 10), (0.5, 10), (1, 9), (9.5, 1)])
def test_a_full_backlog_says_when_there_is_room_again(store: Backend, at_s: float, wait_s: int) -> None:
    store.orders.place(new_order("bob", now=after(-50)), SLOW, None)
    for _ in range(5):
        store.orders.place(new_order(), SLOW, None)
    with pytest.raises(TooManyOrders) as refused:
        store.orders.place(new_order(now=after(at_s)), SLOW, None)
    assert refused.value.retry_after_s == wait_s
    with pytest.raises(TooManyOrders):
        store.orders.place(new_order(now=after(at_s + wait_s - 1)), SLOW, None)
    assert store.orders.place(new_order(now=after(at_s + wait_s)), SLOW, None).is_new


def test_a_client_that_was_idle_has_its_burst_and_no_more(store: Backend) -> None:
    store.orders.place(new_order(), SLOW, None)
    later = 3_600
    starts = [store.orders.place(new_order(now=after(later)), SLOW, None).order.run_at for _ in range(4)]
    assert starts == [after(later), after(later), after(later + 10), after(later + 20)]


def test_a_repeated_order_takes_no_slot_and_gives_none_back(store: Backend) -> None:
    first = store.orders.place(new_order(key="k"), SLOW, None).order
    for _ in range(5):
        store.orders.place(new_order(key="k"), SLOW, None)
    claimed(store, first)
    store.orders.place(new_order(key="k"), SLOW, None)
    assert store.orders.place(new_order(), SLOW, None).order.run_at == NOW
    assert store.orders.place(new_order(), SLOW, None).order.run_at == after(10)


def test_clients_do_not_share_a_rate(store: Backend) -> None:
    for _ in range(3):
        store.orders.place(new_order("alice"), SLOW, None)
    assert store.orders.place(new_order("bob"), SLOW, None).order.run_at == NOW


@pytest.mark.parametrize("limit", [None, SLOW], ids=["without a limit", "with a limit"])
def test_a_repeat_touches_no_order_but_the_one_that_waits(store: Backend, limit: RateLimit | None) -> None:
    waiting, going = (store.orders.place(new_order(key=key), None, None).order for key in ("k", "l"))
    keyless, bobs = place(store), store.orders.place(new_order("bob", "k"), None, None).order
    going = claimed(store, going)
    with pytest.raises(IdempotencyConflict):
        store.orders.place(new_order(key="k", hashes=("other",), now=after(1)), limit, None)
    assert stored(store, waiting) == waiting, "who asks for something else does not ask for it again"
    assert store.orders.place(new_order(key="l", now=after(2)), limit, None).order == going
    assert [stored(store, one) for one in (waiting, going, keyless, bobs)] == [waiting, going, keyless, bobs]
    again = store.orders.place(new_order(key="k", now=after(3)), limit, None)
    assert again.order == replace(waiting, queued_at=after(3))
    others = [going, keyless, bobs]
    assert [stored(store, one) for one in (waiting, *others)] == [again.order, *others]
    with pytest.raises(IdempotencyConflict):
        store.orders.place(new_order(key="l", hashes=("other",), now=after(4)), limit, None)


@pytest.mark.parametrize("key", [None, "k"])
def test_an_order_that_is_sent_again_after_its_connection_has_closed_stands(
    store: Backend, key: str | None
) -> None:
    connect(store, "c")
    new = new_order(key=key)
    placed = store.orders.place(new, SLOW, "c")
    store.watching.disconnect("c")
    assert store.orders.place(new, SLOW, "c") == placed
    assert placed.is_new
    assert store.orders.place(new_order(), SLOW, None).order.run_at == NOW, "one slot of two is taken"


def test_an_order_is_watched_by_who_placed_it_and_by_streams_of_its_client(store: Backend) -> None:
    for one, client_id, stream in (
        ("own", "alice", False), ("other", "alice", False), ("stream", "alice", True), ("bobs", "bob", True)
    ):  # fmt: skip
        connect(store, one, client_id, stream=stream)
    earlier = place(store)
    order = place(store, watcher="own")
    store.orders.save(fail(claimed(store, order), NOW, failure("x")))
    store.orders.save(fail(claimed(store, earlier), after(1), failure("x")))
    found = store.watching.undelivered(after(1), 10)
    assert [(one.id, {watcher.connection_id for watcher in watchers}) for one, _, watchers in found] == [
        (order.id, {"own", "stream"}),
        (earlier.id, {"stream"}),
    ]


def test_a_repeat_that_places_nothing_is_a_repeat_too(store: Backend) -> None:
    """It was answered with the order, and its message is sent."""
    first = store.orders.place(new_order(key="k"), None, None).order
    known = store.orders.known(new_order(key="k", now=after(1)))
    assert known == replace(first, queued_at=after(1)) == stored(store, first)
    assert not store.orders.withdraw(first, after(2), failure("unavailable"))
    submitted(store, first)
    late = store.orders.known(new_order(key="k", now=after(3)))
    assert late is not None
    assert (late.status, late.queued_at) == (Status.SUBMITTED, after(1))


# --- withdrawing -------------------------------------------------------------------------------------


def test_a_withdrawn_order_is_failed_and_its_key_free(store: Backend) -> None:
    first = store.orders.place(new_order(key="k"), None, None).order
    other = place(store)
    assert store.orders.withdraw(first, after(1), failure("unavailable"))
    gone = stored(store, first)
    assert stored(store, other) == other, "placed at the same moment, and left alone"
    assert store.orders.history("alice", Status.FAILED, None, 10) == (gone,)
    assert (gone.status, gone.seq, gone.error, gone.updated_at) == (
        Status.FAILED, 2, failure("unavailable"), after(1)
    )  # fmt: skip
    assert events(store, first) == [(1, Status.PENDING, None, 1), (2, Status.FAILED, None, 1)]
    assert store.orders.place(new_order(key="k"), None, None).is_new


def test_an_order_with_a_lease_is_not_withdrawn(store: Backend) -> None:
    order = place(store)
    claimed(store, order)
    assert not store.orders.withdraw(order, NOW, failure("unavailable"))
    assert stored(store, order).status is Status.ROUTING


def test_an_order_that_was_asked_for_again_is_not_withdrawn(store: Backend) -> None:
    order = store.orders.place(new_order(key="k"), None, None).order
    store.orders.place(new_order(key="k", now=after(1)), None, None)
    assert not store.orders.withdraw(order, after(2), failure("unavailable"))
    assert stored(store, order).status is Status.PENDING


# --- claiming ----------------------------------------------------------------------------------------


def test_a_claim_begins_routing(store: Backend) -> None:
    order, other = place(store), place(store)
    answer = claim(store, order)
    assert stored(store, other) == other
    assert events(store, other) == [(1, Status.PENDING, None, 1)]
    assert answer.outcome is ClaimOutcome.CLAIMED
    assert answer.order == replace(
        order, status=Status.ROUTING, seq=2, lease_token="mine", lease_until=NOW + LEASE
    )
    assert [event.status for event in answer.events] == [Status.PENDING, Status.ROUTING]


def test_a_repeated_claim_is_the_same_claim(store: Backend) -> None:
    order = place(store)
    assert claim(store, order) == claim(store, order)


def test_a_leased_order_cannot_be_claimed_until_its_lease_ends(store: Backend) -> None:
    order = place(store)
    mine = claimed(store, order)
    assert claim(store, order, "yours", after(24.9)).outcome is ClaimOutcome.HELD
    assert stored(store, order) == mine
    yours = claimed(store, order, "yours", after(25))
    assert (yours.lease_token, yours.seq) == ("yours", mine.seq)


def test_an_order_is_not_claimed_before_its_time(store: Backend) -> None:
    store.orders.place(new_order(), replace(SLOW, burst=1), None)
    order = store.orders.place(new_order(), replace(SLOW, burst=1), None).order
    early = claim(store, order, now=after(9.9))
    assert early.outcome is ClaimOutcome.NOT_YET
    assert early.order == order
    assert claim(store, order, now=after(10)).outcome is ClaimOutcome.CLAIMED


def test_a_claim_on_an_order_that_is_over_shows_all_of_it(store: Backend) -> None:
    order = submitted(store, place(store))
    store.orders.save(confirm(order, NOW, FILL))
    answer = claim(store, order, "other")
    assert answer.outcome is ClaimOutcome.TERMINAL
    assert [event.seq for event in answer.events] == [1, 2, 3, 4, 5, 6]


def test_an_unknown_order_is_missing(store: Backend) -> None:
    assert claim(store, new_order().order).outcome is ClaimOutcome.MISSING


def test_building_that_was_interrupted_goes_back_to_routing(store: Backend) -> None:
    order = claimed(store, place(store))
    store.orders.save(build(order, NOW, ROUTE))
    again = claimed(store, order, "other", after(25))
    assert (again.status, again.seq, again.attempt) == (Status.ROUTING, 5, 1)


def test_a_submitted_order_is_resumed_as_it_is(store: Backend) -> None:
    order = submitted(store, place(store))
    again = claimed(store, order, "other", after(25))
    assert (again.status, again.seq, again.transaction) == (Status.SUBMITTED, 5, TRANSACTION)


def test_nothing_new_is_begun_while_paused(store: Backend) -> None:
    fresh, on_its_way = place(store), submitted(store, place(store))
    store.control.stop(PAUSED)
    assert claim(store, fresh).outcome is ClaimOutcome.PAUSED
    assert claim(store, place(store)).outcome is ClaimOutcome.PAUSED, "it is accepted, and waits"
    assert claim(store, on_its_way, "other", after(25)).outcome is ClaimOutcome.CLAIMED
    store.control.lift([Stop.PAUSED], None)
    assert claim(store, fresh).outcome is ClaimOutcome.CLAIMED


# --- saving ------------------------------------------------------------------------------------------


def test_a_change_is_written_whole(store: Backend) -> None:
    order, other = submitted(store, place(store)), submitted(store, place(store))
    change = confirm(order, after(3), FILL)
    store.orders.save(change)
    assert stored(store, other) == other, "as far as this one, under the same token, and left alone"
    assert store.orders.history("alice", Status.CONFIRMED, None, 10) == (change.after,)
    assert stored(store, order) == change.after
    assert change.after.lease_token is None
    assert events(store, order) == [
        (1, Status.PENDING, None, 1),
        (2, Status.ROUTING, None, 1),
        (3, Status.ROUTING, Step.QUOTES, 1),
        (4, Status.BUILDING, None, 1),
        (5, Status.SUBMITTED, None, 1),
        (6, Status.CONFIRMED, None, 1),
    ]


def test_a_new_attempt_forgets_the_last_transaction(store: Backend) -> None:
    order = submitted(store, place(store))
    change = try_again(order, NOW, failure("slippage_exceeded")).releasing(after(2))
    store.orders.save(change)
    again = stored(store, order)
    assert (again.attempt, again.transaction, again.route, again.run_at) == (2, None, None, after(2))


def test_an_orders_route_is_the_one_its_attempt_decided_last(store: Backend) -> None:
    order = claimed(store, place(store))
    other = place(store)
    store.orders.save(build(order, after(1), replace(ROUTE, reason="first")))
    taken_over = claimed(store, order, "another", after(26))
    assert taken_over.route == replace(ROUTE, reason="first")
    again = build(taken_over, after(27), replace(ROUTE, reason="second"))
    store.orders.save(again)
    assert store.orders.history("alice", None, None, 10) == (other, again.after)
    assert store.orders.history("alice", Status.BUILDING, None, 10) == (again.after,)
    fresh = try_again(again.after, after(28), failure("slippage_exceeded"))
    store.orders.save(fresh)
    assert stored(store, order).route is None
    assert store.orders.history("alice", None, None, 10) == (other, fresh.after)
    ended = fail(fresh.after, after(29), failure("slippage_exceeded"))
    store.orders.save(ended)
    assert store.orders.history("alice", Status.FAILED, None, 10) == (ended.after,)


def test_one_who_lost_the_lease_writes_nothing(store: Backend) -> None:
    order = claimed(store, place(store))
    theirs = claimed(store, order, "other", after(25))
    with pytest.raises(LeaseLost):
        store.orders.save(fail(order, after(26), failure("late")))
    assert stored(store, order) == theirs
    assert len(events(store, order)) == 2


def test_a_change_is_written_once(store: Backend) -> None:
    change = build(claimed(store, place(store)), NOW, ROUTE)
    store.orders.save(change)
    with pytest.raises(LeaseLost):
        store.orders.save(change)
    assert len(events(store, change.after)) == 4


def test_saving_and_claiming_return_the_watchers(store: Backend) -> None:
    for one in ("watcher", "bystander"):
        connect(store, one)
    connect(store, "stream", stream=True)
    connect(store, "stranger", "bob", stream=True)
    order = place(store, watcher="watcher")
    answer = claim(store, order)
    assert {watcher.connection_id for watcher in answer.watchers} == {"watcher", "stream"}
    assert answer.order is not None
    watchers = store.orders.save(build(answer.order, NOW, ROUTE))
    assert {watcher.connection_id for watcher in watchers} == {"watcher", "stream"}
    assert all(watcher.connected_at == NOW and watcher.push_failures == 0 for watcher in watchers)


def test_a_released_order_may_be_claimed_when_it_is_due(store: Backend) -> None:
    order, other = claimed(store, place(store)), claimed(store, place(store))
    store.orders.release(order, after(4))
    assert stored(store, other) == other, "under the same token, and left alone"
    assert claim(store, order, "other", after(3)).outcome is ClaimOutcome.NOT_YET
    assert claim(store, order, "other", after(4)).outcome is ClaimOutcome.CLAIMED


def test_only_the_holder_releases(store: Backend) -> None:
    order = claimed(store, place(store))
    theirs = claimed(store, order, "other", after(25))
    store.orders.release(order, after(26))
    assert stored(store, order) == theirs
