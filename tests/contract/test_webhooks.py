"""What every store does with clients' endpoints, and with what is to be sent to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import confirm
from dexec.domain.webhooks import DeliveryState, Recorded, Webhook, WebhookState, ping_id
from dexec.ports import Busy, Line
from tests.contract.samples import FILL, NOW, after, claimed, new_order, place, submitted, trading_key
from tests.contract.waiting_samples import LIMIT, bracket
from tests.contract.webhook_samples import endpoint, entry, hint, record, states, take, taken
from tests.proofs.simulation.backend import Backend

# --- endpoints ---------------------------------------------------------------------------------------


def test_an_endpoint_is_kept_as_it_is(store: Backend) -> None:
    made = endpoint(store, events=frozenset({Status.CONFIRMED, Status.FAILED}))
    assert store.webhooks.find(made.id) == made
    assert store.webhooks.of_client("alice") == (made,)
    assert store.webhooks.of_client("bob") == ()
    assert store.webhooks.find("hook_x") is None


def test_a_client_has_no_more_endpoints_than_it_may(store: Backend) -> None:
    made = endpoint(store)
    other = replace(made, id="hook_other")
    assert not store.webhooks.add(other, 1)
    assert store.webhooks.add(made, 1), "a repeat after a lost answer"
    assert store.webhooks.add(replace(other, client_id="bob"), 1)
    assert [one.id for one in store.webhooks.of_client("alice")] == [made.id]


def test_only_its_client_deletes_an_endpoint(store: Backend) -> None:
    made, other = endpoint(store), endpoint(store)
    order, _ = place(store), place(store)
    assert not store.webhooks.delete(made.id, "bob")
    assert store.webhooks.delete(made.id, "alice")
    assert not store.webhooks.delete(made.id, "alice")
    assert store.webhooks.of_client("alice") == (other,)
    assert take(store, made, order) is None
    assert [store.outbox.drop_orphans(1) for _ in range(3)] == [1, 1, 0]
    assert take(store, other, order) is not None


# --- lines -------------------------------------------------------------------------------------------


def test_an_order_goes_to_the_endpoints_that_its_client_has_by_then(store: Backend) -> None:
    before = place(store)
    first, second, bobs = endpoint(store), endpoint(store), endpoint(store, "bob")
    order = place(store)
    assert order.hooks == tuple(sorted((first.id, second.id)))
    assert before.hooks == ()
    assert taken(store, first, order).events[0][0].status is Status.PENDING
    assert take(store, bobs, order) is None
    assert take(store, first, before) is None
    assert claimed(store, order).hooks == order.hooks


def test_an_exit_goes_to_the_endpoints_of_its_entry(store: Backend) -> None:
    first, new = endpoint(store), bracket()
    place(store)
    second = endpoint(store)
    store.orders.place(new, None, None)
    assert new.exit is not None
    for hook in (first, second):
        line = taken(store, hook, new.exit, hook.id)
        assert ([event.seq for event, _ in line.events], line.failures) == ([1], 0)


def test_a_repeat_of_an_order_makes_no_second_line(store: Backend) -> None:
    hook = endpoint(store)
    new = new_order(key="key")
    order = store.orders.place(new, None, None).order
    store.outbox.finish(taken(store, hook, order))
    again = new_order(key="key")
    assert store.orders.place(again, None, None).order.id == order.id
    assert take(store, hook, order) is None
    assert take(store, hook, again.order) is None


def test_a_line_is_one_senders_until_its_lease_ends(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    first = taken(store, hook, order, "first")
    assert take(store, hook, order, "second", now=after(74)) is None
    second = taken(store, hook, order, "second", after(75))
    assert not store.outbox.record(replace(first, sent_seq=1), entry(first, 1), hook), "the lease was lost"
    store.outbox.finish(first)
    assert not store.outbox.leave(record(store, second, 1))
    assert states(store, hook) == [(1, DeliveryState.DELIVERED, 1)]


def test_the_same_sender_that_asks_twice_has_it(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    assert taken(store, hook, order, "same").token == "same"


def test_a_line_shows_what_is_not_sent(store: Backend) -> None:
    hook = endpoint(store)
    order, _ = submitted(store, place(store)), place(store)
    line = taken(store, hook, order)
    assert [event.seq for event, _ in line.events] == [1, 2, 3, 4, 5][: order.seq]
    assert not line.is_over
    assert not store.outbox.leave(replace(record(store, line, 1), sent_seq=order.seq))
    store.orders.save(confirm(order, NOW, FILL))
    rest = taken(store, hook, order)
    assert [event.status for event, _ in rest.events] == [Status.CONFIRMED]
    assert rest.is_over
    store.outbox.leave(replace(rest, sent_seq=order.seq + 1))
    sent = taken(store, hook, order)
    assert (sent.events, sent.is_over) == ((), True), "its sender went away before it finished it"
    store.outbox.finish(sent)
    assert take(store, hook, order) is None


def test_the_line_of_an_order_that_rests_is_not_over(store: Backend) -> None:
    hook, new = endpoint(store), bracket(LIMIT)
    entry = store.orders.place(new, None, None).order
    assert new.exit is not None
    for order in (entry, new.exit):
        line = record(store, taken(store, hook, order), 1)
        assert not line.is_over
        assert not store.outbox.leave(line)
    store.audit.trigger(entry.id)
    assert [event.seq for event, _ in taken(store, hook, entry).events] == [2]


def test_who_leaves_hears_of_what_came_meanwhile(store: Backend) -> None:
    hook, _ = endpoint(store), endpoint(store)
    order, _ = place(store), claimed(store, place(store))
    line = record(store, taken(store, hook, order), 1)
    assert not store.outbox.leave(line), "nor of its neighbours"
    line = taken(store, hook, order)
    claimed(store, order)
    assert store.outbox.leave(line)
    assert [event.seq for event, _ in taken(store, hook, order).events] == [2]


def test_a_failed_try_waits_until_it_is_due(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    line = record(store, taken(store, hook, order), 1, DeliveryState.RETRYING)
    store.outbox.retry(line, after(300), after(300))
    assert take(store, hook, order, now=after(290)) is None
    assert take(store, hook, order, now=after(299)) == Busy(after(300), rests=False)
    again = taken(store, hook, order, now=after(300))
    assert (again.failures, again.events[0][1]) == (1, DeliveryState.RETRYING)
    record(store, again, 1)
    assert states(store, hook) == [(1, DeliveryState.DELIVERED, 2)]


def test_a_client_has_so_many_lines_under_way_at_the_most(store: Backend) -> None:
    hook, bobs = endpoint(store), endpoint(store, "bob")
    orders = [place(store) for _ in range(3)]
    for order in orders[:2]:
        assert isinstance(take(store, hook, order, order.id, most=2), Line)
    assert take(store, hook, orders[2], most=2) is None
    assert store.outbox.next_due("alice", NOW) == hint(hook, orders[2])
    assert isinstance(take(store, bobs, place(store, "bob"), most=2), Line)
    assert isinstance(take(store, hook, orders[2], now=after(75), most=2), Line)


# --- the state of an endpoint ------------------------------------------------------------------------


def failing(hook: Webhook, failures: int, rests_s: float | None = None) -> Webhook:
    rests_until = None if rests_s is None else after(rests_s)
    return replace(hook, failures=failures, failing_since=NOW, rests_until=rests_until, reason="é 漢")


def test_nothing_is_sent_to_an_endpoint_that_rests(store: Backend) -> None:
    bobs, bobs_order = endpoint(store, "bob"), place(store, "bob")
    hook = endpoint(store)
    first, second = place(store), place(store)
    line = taken(store, hook, first)
    rests = failing(hook, 3, 60)
    assert store.outbox.record(replace(line, failures=1), entry(line, 1, DeliveryState.RETRYING), rests)
    assert store.webhooks.find(hook.id) == rests
    assert store.outbox.next_due("alice", after(59)) is None
    assert store.outbox.next_due("alice", after(60)) == hint(hook, second)
    assert take(store, hook, second) == Busy(after(60), rests=True)
    assert take(store, hook, second, now=after(60)) is not None
    assert take(store, bobs, bobs_order) is not None
    store.outbox.retry(line, after(300), after(300))
    assert take(store, hook, first, now=after(59)) == Busy(after(60), rests=True)
    assert take(store, hook, first, now=after(61)) is None, "it is no earlier due"


def test_a_disabled_endpoint_gets_no_lines_and_no_events(store: Backend) -> None:
    hook = endpoint(store)
    order = place(store)
    line = taken(store, hook, order)
    disabled = replace(failing(hook, 1), disabled_at=NOW)
    assert store.outbox.record(replace(line, failures=1), entry(line, 1, DeliveryState.RETRYING), disabled)
    endpoint(store, "bob")
    assert store.outbox.disabled() == 1
    store.outbox.retry(line, NOW, NOW)
    assert take(store, hook, order) is None
    assert place(store).hooks == ()
    assert store.outbox.requeue(after(3_600), 15, 600, 10) == ()
    assert store.outbox.next_due("alice", after(3_600)) is None


@pytest.mark.parametrize("disabled_at", [None, NOW])
def test_what_happened_to_an_endpoint_at_the_same_moment_counts_once(
    store: Backend, disabled_at: datetime | None
) -> None:
    hook = endpoint(store)
    first, second = place(store), place(store)
    lines = [taken(store, hook, one, one.id) for one in (first, second)]
    first_seen = replace(failing(hook, 1), disabled_at=disabled_at)
    assert store.outbox.record(lines[0], entry(lines[0], 1), first_seen)
    assert store.outbox.record(lines[1], entry(lines[1], 1), failing(hook, 2)), "its own line is recorded"
    assert store.webhooks.find(hook.id) == first_seen


def test_a_test_is_recorded_and_enables(store: Backend) -> None:
    hook = endpoint(store)
    line = taken(store, hook, place(store))
    disabled = replace(failing(hook, 9), disabled_at=NOW)
    store.outbox.record(line, entry(line, 1, DeliveryState.RETRYING), disabled)
    one = ping_id(bytes(16))
    ping = Recorded(hook.id, one, 1, "webhook.test", DeliveryState.DELIVERED, 1, 204, None, NOW, NOW)
    store.outbox.record_ping(ping, disabled, hook)
    assert store.webhooks.find(hook.id) == hook
    assert store.webhooks.deliveries(hook.id, DeliveryState.DELIVERED, None, 5) == (ping,)
    assert not store.webhooks.replay(hook.id, one, 1, NOW), "no order is behind it"
    store.outbox.record_ping(replace(ping, state=DeliveryState.GIVEN_UP), hook, hook)
    assert states(store, hook) == [(1, DeliveryState.RETRYING, 1), (1, DeliveryState.GIVEN_UP, 2)]
    assert store.webhooks.replay_failed(hook.id, NOW, 9) == (line.order_id,)


def test_an_endpoint_ends_with_the_key_that_made_it(store: Backend) -> None:
    hook = endpoint(store)
    store.api_keys.add(replace(trading_key("alice"), key_hash="another key of alice"))
    order = place(store)
    store.api_keys.add(replace(trading_key("alice"), revoked_at=NOW))
    found = store.webhooks.find(hook.id)
    assert found is not None
    assert (found.is_keyless, found.state) == (True, WebhookState.DISABLED)
    assert store.webhooks.of_client("alice") == (found,)
    assert take(store, hook, order) is None
    assert place(store).hooks == ()
    assert store.outbox.requeue(after(3_600), 15, 600, 10) == ()
    assert store.outbox.next_due("alice", after(3_600)) is None


# --- lines beside each other -------------------------------------------------------------------------


def recorded(store: Backend, line: Line) -> None:
    moved = replace(line, sent_seq=1, failures=2)
    store.outbox.record(moved, entry(line, 1), line.webhook)


def left(store: Backend, line: Line) -> None:
    store.outbox.leave(replace(line, sent_seq=1))


def retried(store: Backend, line: Line) -> None:
    store.outbox.retry(line, after(10), after(10))


def finished(store: Backend, line: Line) -> None:
    store.outbox.finish(line)


WORK = pytest.mark.parametrize("work", [recorded, left, retried, finished])


@WORK
def test_what_is_done_with_a_line_is_not_done_with_its_neighbours(
    store: Backend, work: Callable[[Backend, Line], None]
) -> None:
    hook, other_hook = endpoint(store), endpoint(store)
    order, other = place(store), place(store)
    line = taken(store, hook, order)
    assert store.outbox.next_due("alice", NOW) is not None, "its neighbours are free"
    neighbours = [(hook, other), (other_hook, order), (other_hook, other)]
    lines = [taken(store, *neighbour) for neighbour in neighbours]
    work(store, line)
    for (whose, one), held in zip(neighbours, lines, strict=True):
        assert take(store, whose, one, "thief", now=after(74)) is None
        assert taken(store, whose, one, "next", after(75)) == replace(held, token="next")


@WORK
def test_who_lost_a_line_does_nothing_with_it(store: Backend, work: Callable[[Backend, Line], None]) -> None:
    hook = endpoint(store)
    order = place(store)
    first = taken(store, hook, order, "first")
    second = taken(store, hook, order, "second", after(75))
    work(store, first)
    assert take(store, hook, order, "third", now=after(149)) is None
    assert taken(store, hook, order, "third", after(150)) == replace(second, token="third")
    assert states(store, hook) == []


def test_who_takes_a_line_takes_that_one(store: Backend) -> None:
    hook, other_hook = endpoint(store), endpoint(store)
    order, other = place(store), place(store)
    for number, (whose, one) in enumerate(
        [(hook, order), (other_hook, order), (hook, other), (other_hook, other)]
    ):
        line = taken(store, whose, one, str(number))
        assert (line.webhook.id, line.order_id, line.token) == (whose.id, one.id, str(number))
