"""What every store does with lines that were lost, and with the records of deliveries."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from dexec.domain.order import Order
from dexec.domain.webhooks import DeliveryState, Webhook
from dexec.ports import Hint, Line
from tests.contract.samples import NOW, after, claimed, place, stored
from tests.contract.webhook_samples import endpoint, entry, hint, record, states, take, taken
from tests.proofs.simulation.backend import Backend

# --- the sweep ---------------------------------------------------------------------------------------


def requeued(store: Backend, seconds: float, limit: int = 10) -> list[Hint]:
    return list(store.outbox.requeue(after(seconds), 15, 600, limit))


def test_a_line_whose_message_is_lost_is_queued_again(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    assert requeued(store, 600) == [hint(hook, order)], "its message is over ten minutes old"
    assert requeued(store, 660) == []
    assert requeued(store, 1_200) == [hint(hook, order)]


def test_an_event_that_no_message_told_of_is_found(store: Backend) -> None:
    hook = endpoint(store)
    order, _ = place(store), claimed(store, place(store, "bob"))
    assert not store.outbox.leave(record(store, taken(store, hook, order), 1))
    assert requeued(store, 700) == [], "there is nothing to send"
    claimed(store, order, now=after(700))
    assert requeued(store, 714) == [], "its message may be on its way"
    assert requeued(store, 715) == [hint(hook, order)]


def test_a_retry_without_a_message_is_queued_when_it_is_due(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    line = record(store, taken(store, hook, order), 1, DeliveryState.RETRYING)
    store.outbox.retry(line, after(7_200), NOW)
    assert requeued(store, 7_214) == []
    assert requeued(store, 7_215) == [hint(hook, order)]


def test_what_a_sender_has_is_not_queued(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    taken(store, hook, order, now=after(590))
    assert requeued(store, 660) == []
    assert requeued(store, 665) == [hint(hook, order)]


def test_the_sweep_serves_endpoints_in_turn(store: Backend) -> None:
    hook, bobs = endpoint(store), endpoint(store, "bob")
    orders = [place(store) for _ in range(4)]
    bob = place(store, "bob")
    first = requeued(store, 600, limit=2)
    assert sorted(one.hook_id for one in first) == sorted((hook.id, bobs.id))
    assert hint(bobs, bob) in first
    assert hint(hook, orders[0]) in first


def test_the_sweep_queues_what_is_lost_and_not_its_neighbours(store: Backend) -> None:
    hook, other_hook = endpoint(store), endpoint(store)
    order, other = place(store), place(store)
    for whose, one in ((hook, other), (other_hook, order), (other_hook, other)):
        taken(store, whose, one, now=after(590))
    assert requeued(store, 599) == []
    assert requeued(store, 600) == [hint(hook, order)]
    assert len(requeued(store, 665)) == 3, "their senders went away"


def test_the_sweep_lets_an_endpoint_rest(store: Backend) -> None:
    hook, busy = endpoint(store), endpoint(store)
    order = place(store)
    line = taken(store, hook, order)
    rests = replace(hook, failures=3, failing_since=NOW, rests_until=after(700), reason="x")
    assert store.outbox.record(replace(line, failures=1), entry(line, 1, DeliveryState.RETRYING), rests)
    store.outbox.retry(line, NOW, NOW)
    assert requeued(store, 699) == [hint(busy, order)]
    assert requeued(store, 700) == [hint(hook, order)]


def test_the_sweep_serves_what_was_due_first_first(store: Backend) -> None:
    hook = endpoint(store)
    late, early, last = (place(store) for _ in range(3))
    for order, due_s in ((late, 20), (early, 10), (last, 30)):
        line = record(store, taken(store, hook, order, order.id), 1, DeliveryState.RETRYING)
        store.outbox.retry(line, after(due_s), NOW)
    assert requeued(store, 100, limit=1) == [hint(hook, early)]
    assert requeued(store, 100, limit=1) == [hint(hook, late)]
    assert requeued(store, 100, limit=1) == [hint(hook, last)]
    assert requeued(store, 100, limit=1) == []


# --- records -----------------------------------------------------------------------------------------


def settled(store: Backend, hook: Webhook, state: DeliveryState) -> Order:
    """Return an order whose first event is recorded so, and whose line has nothing to come."""
    order = place(store)
    store.outbox.finish(record(store, taken(store, hook, order, order.id), 1, state))
    return order


def test_deliveries_come_page_by_page(store: Backend) -> None:
    hooks, made = (endpoint(store), endpoint(store)), list[tuple[Line, DeliveryState]]()
    for hook, state in 2 * [*product(hooks, (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP))]:
        line = taken(store, hook, claimed(store, place(store)))
        record(store, record(store, line, 1, state), 2, state)
        made.insert(0, (line, state))
    for hook, wanted in product(hooks, (None, *DeliveryState)):
        lines = [line for line, state in made if line.webhook == hook and wanted in (None, state)]
        ids = [(line.order_id, seq) for line in lines for seq in (2, 1)]
        pages = [store.webhooks.deliveries(hook.id, wanted, before, 1) for before in (None, *ids)]
        assert [(one.order_id, one.seq) for page in pages for one in page] == ids
    assert store.webhooks.deliveries("hook_x", None, None, 5) == ()


def test_one_delivery_is_replayed_alone(store: Backend) -> None:
    hook, other_hook = endpoint(store), endpoint(store)
    order, other = (claimed(store, place(store)) for _ in range(2))
    for whose, one in ((hook, order), (hook, other), (other_hook, order), (other_hook, other)):
        line = taken(store, whose, one, f"{whose.id} {one.id}")
        store.outbox.finish(record(store, record(store, line, 1), 2))
    assert not store.webhooks.replay(hook.id, order.id, 3, after(1)), "it was never sent"
    assert store.webhooks.replay(hook.id, order.id, 1, after(1))
    again = taken(store, hook, order, "again", after(1))
    assert ([event.seq for event in again.wanted], again.failures) == ([1], 0)
    assert [state for _, state in again.events] == [DeliveryState.QUEUED, DeliveryState.DELIVERED]
    assert store.webhooks.replay(hook.id, order.id, 2, after(2))
    assert [event.seq for event in taken(store, hook, order, "more", after(2)).wanted] == [1, 2]
    assert [state for _, state, _ in states(store, other_hook)] == [DeliveryState.DELIVERED] * 4
    assert [state for _, state, _ in states(store, hook)].count(DeliveryState.QUEUED) == 2
    for whose, one in ((hook, other), (other_hook, order), (other_hook, other)):
        assert take(store, whose, one, now=after(1)) is None
    assert store.webhooks.replay(other_hook.id, other.id, 2, after(3))
    last = taken(store, other_hook, other, "last", after(3))
    assert [event.seq for event, _ in last.events] == [2]


def test_a_replay_takes_the_lease_of_who_sends(store: Backend) -> None:
    hook = endpoint(store)
    order = claimed(store, place(store))
    line = record(store, taken(store, hook, order), 1)
    assert store.webhooks.replay(hook.id, order.id, 1, NOW)
    assert not store.outbox.record(replace(line, sent_seq=2), entry(line, 2), hook)
    again = taken(store, hook, order, "again")
    assert ([event.seq for event in again.wanted], again.failures) == ([1, 2], 0)


def test_all_that_failed_or_waits_is_replayed(store: Backend) -> None:
    hook, other = endpoint(store), endpoint(store)
    endpoint(store, "bob")
    settled(store, other, DeliveryState.GIVEN_UP)
    good = settled(store, hook, DeliveryState.DELIVERED)
    bad = [settled(store, hook, DeliveryState.GIVEN_UP), settled(store, hook, DeliveryState.RETRYING)]
    bad.append(claimed(store, place(store)))
    given_up = record(store, taken(store, hook, bad[2]), 1, DeliveryState.GIVEN_UP)
    store.outbox.leave(record(store, given_up, 2, DeliveryState.DELIVERED))
    store.outbox.leave(record(store, taken(store, other, bad[2], "other"), 1, DeliveryState.GIVEN_UP))
    assert store.webhooks.replay_failed(hook.id, NOW, 1) == (bad[0].id,)
    assert store.webhooks.replay_failed(hook.id, NOW, 9) == (bad[1].id, bad[2].id)
    assert store.webhooks.replay_failed(hook.id, NOW, 9) == ()
    for order in bad:
        line = taken(store, hook, order, order.id)
        assert ([event.seq for event in line.wanted], line.failures) == ([1], 0)
    assert take(store, hook, good) is None
    assert states(store, other) == [(1, DeliveryState.GIVEN_UP, 1)] * 2


def test_old_records_go_in_batches(store: Backend) -> None:
    hook = endpoint(store)
    for _ in range(3):
        settled(store, hook, DeliveryState.DELIVERED)
    assert store.outbox.forget(NOW, 2) == 0
    assert store.outbox.forget(after(1), 2) == 2
    assert store.outbox.forget(after(1), 2) == 1
    assert states(store, hook) == []


@pytest.mark.parametrize("hooks", [0, 3])
def test_an_order_with_and_without_endpoints_is_placed_alike(store: Backend, hooks: int) -> None:
    made = sorted(endpoint(store).id for _ in range(hooks))
    order = place(store)
    assert stored(store, order).hooks == tuple(made)


def test_the_next_line_of_a_client_is_the_one_longest_due(store: Backend) -> None:
    hook, bobs = endpoint(store), endpoint(store, "bob")
    first, second, third = (place(store) for _ in range(3))
    for other in (place(store, "bob"), first, second):
        claimed(store, other)
    line = record(store, taken(store, hook, first, "first"), 1, DeliveryState.RETRYING)
    store.outbox.retry(line, after(10), after(10))
    assert store.outbox.next_due("alice", NOW) == hint(hook, second)
    taken(store, hook, second, "second")
    assert store.outbox.next_due("alice", NOW) == hint(hook, third)
    assert not store.outbox.leave(record(store, taken(store, hook, third, "third"), 1))
    assert store.outbox.next_due("alice", NOW) is None
    assert store.outbox.next_due("alice", after(10)) == hint(hook, first)
    assert store.outbox.next_due("alice", after(74)) == hint(hook, first)
    assert store.outbox.next_due("alice", after(75)) == hint(hook, second), "its sender went away"
    assert store.webhooks.delete(bobs.id, "bob")
    assert store.outbox.next_due("bob", NOW) is None
