"""What every store does with orders that wait: placed, rested again, and the exits of brackets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from dexec.domain.errors import CancelWished, LeaseLost, TooManyOrders
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import (
    Accepted,
    Change,
    Event,
    Order,
    Withdrawal,
    cancel,
    confirm,
    expire,
    fail,
    try_again,
)
from dexec.domain.recorded import RecordedFill
from dexec.domain.waiting.conditions import Kind
from dexec.domain.waiting.lookup import Part
from dexec.domain.waiting.steps import amend, rest, trigger, untrigger
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.domain.withdrawals import OF_EXIT
from dexec.ports import ClaimOutcome, NewOrder
from dexec.ports.orders import MOST_EVENTS, first_event
from tests.contract.samples import (
    FILL,
    NOW,
    SLOW,
    after,
    claim,
    claimed,
    connect,
    failure,
    new_order,
    read,
    stored,
    submitted,
)
from tests.contract.waiting_samples import (
    EXITS,
    LIMIT,
    OCO,
    amending,
    bracket,
    rows,
    triggered,
    waiting,
)
from tests.proofs.simulation.audit import LIMIT_MET
from tests.proofs.simulation.backend import Backend

# --- placing -----------------------------------------------------------------------------------------


def test_an_order_that_waits_is_stored_with_what_it_waits_for(store: Backend) -> None:
    new = waiting(OCO)
    placed = store.orders.place(new, None, None)
    assert placed.order.waiting == replace(Waiting.of(OCO), since=0)
    assert read(store, new.order) == (placed.order, (new.first_event,))
    assert new.first_event.detail == Accepted(None, new.order.request, OCO)
    assert rows(store, new.order) == {
        Part.LIMIT: ("SOL>USDC", "limit", 1),
        Part.STOP: ("SOL>USDC", "trail reference 2 200", 1),
    }
    assert store.orders.history("alice", "active", None, 10) == (placed.order,)
    assert store.orders.history("alice", Status.OPEN, None, 10) == (placed.order,)
    assert store.orders.history("alice", Status.PENDING, None, 10) == ()


def test_ticks_up_to_the_newest_do_not_count_for_it(store: Backend) -> None:
    store.audit.tick(7)
    new = waiting(OCO)
    placed = store.orders.place(new, None, None).order
    assert placed.waiting is not None
    assert placed.waiting.since == 7
    assert store.audit.waiting()[new.order.id, Part.STOP].row.key == -7


def test_nothing_executes_what_rests(store: Backend) -> None:
    order = store.orders.place(waiting(), None, None).order
    assert claim(store, order).outcome is ClaimOutcome.RESTING
    assert store.orders.lost(after(3_600), 0, queue_is_empty=True, stale_s=0, limit=10) == ()
    assert stored(store, order) == order


def test_a_limit_that_is_met_starts_pending_and_waits_in_no_book(store: Backend) -> None:
    order = store.orders.place(waiting(status=Status.PENDING), None, None).order
    assert rows(store, order) == {}
    taken = claimed(store, order)
    assert taken.waiting is not None
    assert taken.waiting.fired is Kind.LIMIT


def test_a_repeat_shows_an_order_that_waits_as_it_stands(store: Backend) -> None:
    first = store.orders.place(bracket(LIMIT, key="k"), None, None)
    again = store.orders.place(bracket(LIMIT, key="k"), None, None)
    assert (again.order, again.is_new) == (first.order, False)
    assert len(store.orders.history("alice", None, None, 10)) == 2, "the entry and its exit, once"
    assert len(store.audit.waiting()) == 3


def test_the_very_same_order_placed_again_stands(store: Backend) -> None:
    new = bracket(LIMIT)
    first = store.orders.place(new, SLOW, None)
    assert store.orders.place(new, SLOW, None).order == first.order
    assert len(store.audit.waiting()) == 3


def test_what_waits_takes_no_slot_and_has_the_same_rate_of_its_own(store: Backend) -> None:
    at_once = replace(SLOW, max_backlog_s=0)
    for _ in range(2):
        assert store.orders.place(waiting(), at_once, None).order.run_at == NOW
    with pytest.raises(TooManyOrders) as refused:
        store.orders.place(waiting(), at_once, None)
    assert refused.value.retry_after_s == 10
    starts = [store.orders.place(new_order(), SLOW, None).order.run_at for _ in range(3)]
    assert starts == [NOW, NOW, after(10)], "as if nothing waited"
    assert len(store.audit.waiting()) == 2, "nothing of what was refused"


@pytest.mark.parametrize("new", [waiting(), bracket()], ids=["entry", "exit"])
def test_the_streams_that_a_store_finds_while_it_places_are_those_of_the_client(
    store: Backend, new: NewOrder
) -> None:
    connect(store, "plain")
    connect(store, "stream", stream=True)
    connect(store, "bob's", "bob", stream=True)
    streams = store.watching.streams("alice")
    assert [one.connection_id for one in streams] == ["stream"]
    assert store.orders.place(new, None, None).streams == streams


# --- resting again -----------------------------------------------------------------------------------


def test_an_order_rests_again_and_is_found_when_its_cool_down_ends(store: Backend) -> None:
    order = store.orders.place(waiting(OCO), None, None).order
    taken = triggered(store, order)
    change = rest(taken, after(5), failure("slippage_exceeded"))
    store.orders.save(change)
    assert stored(store, order) == change.after
    assert change.after.attempt == 2
    waits = store.audit.waiting()
    assert waits[order.id, Part.LIMIT].row.at == after(6)
    assert rows(store, order) == {
        Part.LIMIT: ("SOL>USDC", "None", change.after.seq),
        Part.STOP: ("SOL>USDC", "trail reference 2 200", change.after.seq),
    }
    assert claim(store, order, "late", after(60)).outcome is ClaimOutcome.RESTING


def test_who_lost_the_lease_lets_nothing_rest(store: Backend) -> None:
    order = store.orders.place(waiting(), None, None).order
    taken = triggered(store, order)
    claimed(store, taken, "other", after(25))
    with pytest.raises(LeaseLost):
        store.orders.save(rest(taken, after(26), failure("no_venue")))
    assert rows(store, order) == {}


def test_who_lost_the_lease_changes_no_row_of_what_another_let_rest(store: Backend) -> None:
    order = store.orders.place(bracket(OCO), None, None).order
    store.waits.apply([trigger(order, NOW, replace(LIMIT_MET, by=Kind.STOP))])
    mine, theirs = claimed(store, order), claimed(store, order, "other", after(25))
    rested = rest(theirs, after(26), failure("no_venue"))
    store.orders.save(rested)
    for change in (untrigger(mine, after(27), failure("halted")), fail(mine, after(27), failure("x"))):
        with pytest.raises(LeaseLost):
            store.orders.save(change)
        assert set(rows(store, order)) == {Part.RETRY, Part.STOP}, "its trail has fired"
    store.orders.amend(amending(rested.after, OCO, after(26)), None)
    with pytest.raises(LeaseLost):
        store.orders.save(untrigger(mine, after(26), failure("halted")))
    assert set(rows(store, order)) == {Part.RETRY, Part.STOP}


def test_claims_tell_from_the_last_time_on_that_it_was_open(store: Backend) -> None:
    order = store.orders.place(waiting(), None, None).order
    store.orders.save(rest(triggered(store, order), after(1), failure("no_venue")))
    store.audit.trigger(order.id)
    told = claim(store, order, now=after(2)).events
    assert [event.status for event in told] == [Status.OPEN, Status.TRIGGERED, Status.ROUTING]
    assert told[0].step is Step.RELEASED
    assert [event.seq for event in read(store, order)[1]] == list(range(1, told[-1].seq + 1))
    market = store.orders.place(new_order(), None, None).order
    assert [event.seq for event in claim(store, market).events] == [1, 2], "or all, if it never was"


def test_an_order_is_read_with_its_last_events(store: Backend) -> None:
    order, _ = (store.orders.place(waiting(), None, None).order for _ in range(2))
    taken = triggered(store, order)
    change = Change.of(taken)
    for _ in range(MOST_EVENTS):
        change = change.then(Status.ROUTING, NOW, failure("no_venue"))
    store.orders.save(change)
    events = read(store, order)[1]
    assert [event.seq for event in events] == list(range(taken.seq + 1, change.after.seq + 1))
    for after_seq, seqs in ((0, range(1, MOST_EVENTS + 1)), (MOST_EVENTS, range(MOST_EVENTS + 1, 204))):
        page = store.orders.find(order.id, "alice", after_seq)
        assert page is not None
        assert [event.seq for event in page[1]] == list(seqs)
    assert store.orders.find(order.id, "alice", change.after.seq) == (read(store, order)[0], ())
    assert store.orders.find(order.id, "bob", 0) is None


# --- the end of a bracket's entry --------------------------------------------------------------------


def bought(amount: int) -> RecordedFill:
    return replace(FILL, amount_out=amount)


def test_a_held_exit_waits_in_no_book(store: Backend) -> None:
    new = bracket()
    entry = store.orders.place(new, None, None).order
    assert new.exit is not None
    held, events = read(store, new.exit)
    assert (held, events) == (new.exit, (first_event(new.exit),))
    assert (held.status, held.entry_id, entry.exit_id) == (Status.HELD, entry.id, held.id)
    assert rows(store, held) == {Part.LIMIT: (None, "limit", 1), Part.STOP: (None, "stop reference 2", 1)}
    assert claim(store, held).outcome is ClaimOutcome.RESTING


def test_an_exit_that_opens_says_the_least_that_its_client_wants(store: Backend) -> None:
    new = bracket()
    order = store.orders.place(new, None, None).order
    assert new.exit is not None
    held = stored(store, new.exit)
    request = replace(held.request, limit=1_234_567_890_123_456_789)
    store.orders.amend(amend(held, NOW, request, EXITS, None), None)
    store.orders.save(confirm(submitted(store, order), NOW, bought(7)))
    exit_, events = read(store, new.exit)
    assert exit_.request == replace(request, amount=7)
    assert events[-1].detail == Accepted(None, exit_.request, EXITS)


@pytest.mark.parametrize("terms", [None, LIMIT], ids=["market", "limit"])
def test_a_filled_entry_opens_its_exit_over_exactly_what_it_bought(
    store: Backend, terms: Terms | None
) -> None:
    new = bracket(terms)
    assert new.exit is not None
    order = store.orders.place(new, None, None).order
    other = store.orders.place(bracket(), None, None).order
    if terms is not None:
        store.audit.trigger(order.id)
        store.audit.tick(9)
    assert store.waits.take_shard(1, "another", NOW, after(9)) is not None
    signed = submitted(store, order)
    store.orders.save(confirm(signed, after(3), bought(224_999_999)))
    (bystander,) = store.control.orders([other.exit_id or ""])
    assert (bystander.status, bystander.seq) == (Status.HELD, 1)
    exit_, events = read(store, new.exit)
    assert exit_.status is Status.OPEN
    assert exit_.request == replace(new.exit.request, amount=224_999_999)
    assert exit_.waiting == replace(Waiting.of(EXITS), since=0 if terms is None else 9)
    assert exit_.updated_at == after(3)
    (_, opened) = events
    assert opened == Event(exit_.id, 2, Status.OPEN, None, 1, Accepted(None, exit_.request, EXITS), after(3))
    assert rows(store, exit_) == {
        Part.LIMIT: ("USDC>SOL", "limit", 2),
        Part.STOP: ("USDC>SOL", "stop reference 2", 2),
    }


def ends(order: Order, at: datetime, how: str) -> Change:
    error = failure(how)
    if how == "cancelled":
        return cancel(order, at, "client", error)
    return fail(order, at, error) if how == "failed" else expire(order, at, error)


@pytest.mark.parametrize("how", ["failed", "cancelled", "expired"])
def test_an_entry_that_ends_unfilled_cancels_its_exit(store: Backend, how: str) -> None:
    new = bracket()
    assert new.exit is not None
    order = claimed(store, store.orders.place(new, None, None).order)
    store.orders.save(ends(order, after(4), how))
    exit_, events = read(store, new.exit)
    assert (exit_.status, exit_.error, exit_.seq) == (Status.CANCELLED, OF_EXIT.error, 2)
    assert events[-1].detail == Withdrawal("entry", OF_EXIT.error)
    assert rows(store, exit_) == {}
    assert store.orders.history("alice", "active", None, 10) == ()
    assert exit_ in store.orders.history("alice", Status.CANCELLED, None, 10)


def test_an_entry_whose_end_is_not_written_leaves_its_exit_alone(store: Backend) -> None:
    new = bracket()
    assert new.exit is not None
    signed = submitted(store, store.orders.place(new, None, None).order)
    claimed(store, signed, "other", after(25))
    filled = submitted(store, store.orders.place(new_order(), None, None).order)
    store.orders.save(confirm(filled, NOW, FILL))
    store.orders.place(waiting(), None, None)
    before = store.audit.waiting()
    for change in (confirm(signed, after(26), FILL), fail(signed, after(26), failure("order_failed"))):
        with pytest.raises(LeaseLost):
            store.orders.save(change)
        assert stored(store, new.exit) == new.exit
        assert store.audit.waiting() == before


def test_a_withdrawn_entry_cancels_its_exit(store: Backend) -> None:
    new = bracket(key="k")
    assert new.exit is not None
    order = store.orders.place(new, None, None).order
    assert store.orders.withdraw(order, after(1), failure("unavailable"))
    assert stored(store, new.exit).status is Status.CANCELLED
    assert store.orders.place(bracket(key="k"), None, None).is_new


def test_an_exit_is_watched_by_who_watches_its_entry(store: Backend) -> None:
    connect(store, "own")
    connect(store, "stream", stream=True)
    new = bracket()
    order = store.orders.place(new, None, "own").order
    store.orders.save(fail(claimed(store, order), NOW, failure("x")))
    told = store.watching.undelivered(after(1), 10)
    assert {(one.id, watcher.connection_id) for one, _, watchers in told for watcher in watchers} == {
        (one, connection) for one in (order.id, order.exit_id) for connection in ("own", "stream")
    }


# --- a cancel that came while it was signed ----------------------------------------------------------


def wished(store: Backend) -> Order:
    order = submitted(store, store.orders.place(new_order(), None, None).order)
    store.audit.wish_cancel(order.id, "client")
    return order


def test_an_order_with_a_noted_cancel_is_not_tried_again(store: Backend) -> None:
    order, other = wished(store), submitted(store, store.orders.place(new_order(), None, None).order)
    store.orders.save(try_again(other, after(1), failure("x")))
    for change in (try_again(order, after(1), failure("x")), fail(order, after(1), failure("x"))):
        with pytest.raises(CancelWished) as refused:
            store.orders.save(change)
        assert refused.value.by == "client"
    assert stored(store, order) == replace(order, cancelled_by="client")
    store.orders.save(cancel(order, after(1), "client", failure("cancelled")))
    assert stored(store, order).status is Status.CANCELLED


def test_a_fill_beats_a_noted_cancel(store: Backend) -> None:
    order = wished(store)
    store.orders.save(confirm(order, after(1), FILL))
    assert stored(store, order).status is Status.CONFIRMED


def test_who_lost_the_lease_is_told_so_whatever_was_wished(store: Backend) -> None:
    order = wished(store)
    claimed(store, order, "other", after(25))
    with pytest.raises(LeaseLost):
        store.orders.save(fail(order, after(26), failure("x")))
