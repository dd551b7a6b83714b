"""What every store does when what waits is cancelled or amended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from dexec.domain.errors import CancelWished, LeaseLost, NotWaiting, StaleSeq, TooManyOrders
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Accepted, Event, Order, build, cancel, confirm, fail, submit, try_again
from dexec.domain.waiting.conditions import Limit, Stop, Trail
from dexec.domain.waiting.lookup import Part
from dexec.domain.waiting.prices import Price, price_key
from dexec.domain.waiting.steps import amend, rest
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.domain.withdrawals import BY_CLIENT, BY_OPERATOR, OF_EXIT, withdrawal
from dexec.ports import Cancels
from tests.contract.samples import (
    FILL,
    NOW,
    ROUTE,
    SLOW,
    TRANSACTION,
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
    AMENDED,
    EXITS,
    LIMIT,
    OCO,
    SOL_USDC,
    USDC_SOL,
    amending,
    bracket,
    open_order,
    rows,
    triggered,
    waiting,
)
from tests.proofs.simulation.backend import Backend

STOP = Terms(stop=Stop(Price("140", SOL_USDC)))


def held_exit(store: Backend, entry: Order) -> Order:
    """Return the exit of an entry that was placed with ``bracket``."""
    (held,) = store.control.orders([entry.exit_id or ""])
    return held


def cancelled(store: Backend, *orders: Order, at: datetime = NOW) -> Cancels:
    return store.control.cancel([order.id for order in orders], at, BY_CLIENT)


# --- cancelling --------------------------------------------------------------------------------------


def test_what_waits_is_cancelled_and_found_no_more(store: Backend) -> None:
    order, other = open_order(store, OCO), open_order(store, OCO)
    (ended,) = cancelled(store, order, at=after(5)).ended
    assert ended.order.status is Status.CANCELLED
    assert read(store, order) == (ended.order, (*read(store, order)[1][:-1], *ended.events))
    assert ended.events == (Event(order.id, 2, Status.CANCELLED, None, 1, BY_CLIENT, after(5)),)
    assert rows(store, order) == {}
    assert stored(store, other) == other
    assert set(rows(store, other)) == {Part.LIMIT, Part.STOP}
    assert store.control.standing("alice").waiting == 1


def test_what_has_triggered_is_cancelled_and_claimed_by_no_one(store: Backend) -> None:
    order = open_order(store)
    store.audit.trigger(order.id)
    assert len(cancelled(store, order).ended) == 1
    assert claim(store, order).order == stored(store, order)
    assert stored(store, order).status is Status.CANCELLED


def test_a_cancelled_entry_takes_its_held_exit_with_it(store: Backend) -> None:
    connect(store, "stream", stream=True)
    entry = store.orders.place(bracket(LIMIT), None, None).order
    held = held_exit(store, entry)
    bystander = held_exit(store, store.orders.place(bracket(LIMIT), None, None).order)
    store.orders.amend(amend(held, after(8), held.request, EXITS, None), None)
    held = stored(store, held)
    told = {one.order.id: one for one in cancelled(store, entry, at=after(3)).ended}
    assert set(told) == {entry.id, held.id}
    over = stored(store, held)
    assert told[held.id].order == over
    assert (over.status, over.seq, over.error) == (Status.CANCELLED, held.seq + 1, OF_EXIT.error)
    assert (over.updated_at, read(store, held)[1][-1].at) == (after(8), after(8)), "no earlier than amended"
    assert read(store, held)[1][-1].detail == OF_EXIT
    assert told[held.id].events == read(store, held)[1][-1:]
    assert [[w.connection_id for w in one.watchers] for one in told.values()] == [["stream"], ["stream"]]
    assert rows(store, entry) == rows(store, held) == {}
    assert stored(store, bystander) == bystander
    assert rows(store, bystander) != {}


@pytest.mark.parametrize("is_filled", [True, False])
def test_an_exit_that_is_cancelled_alone_stays_as_it_is_when_its_entry_ends(
    store: Backend, is_filled: bool
) -> None:
    entry = submitted(store, store.orders.place(bracket(), None, None).order)
    held = held_exit(store, entry)
    cancelled(store, held)
    before = read(store, held)
    store.orders.save(confirm(entry, NOW, FILL) if is_filled else fail(entry, NOW, failure("x")))
    assert read(store, held) == before
    assert before[0].status is Status.CANCELLED
    assert rows(store, held) == {}


def test_a_clients_resting_orders_are_found_beside_its_others(store: Backend) -> None:
    orders = [open_order(store), store.orders.place(bracket(), None, None).order]
    held = held_exit(store, orders[1])
    page = store.control.cancellable("alice", "", 10)
    assert {one.id: one.status for one in page} == {
        orders[0].id: Status.OPEN,
        orders[1].id: Status.PENDING,
        held.id: Status.HELD,
    }


def test_an_attempt_that_does_not_fill_ends_with_the_cancel_that_was_noted(store: Backend) -> None:
    order = submitted(store, triggered(store, open_order(store)))
    assert cancelled(store, order).noted == (order.id,)
    error = failure("blockhash_expired")
    for change in (rest(order, after(1), error), try_again(order, after(1), error)):
        with pytest.raises(CancelWished) as wished:
            store.orders.save(change)
        assert wished.value.by == "client"
    why = withdrawal(wished.value.by)
    store.orders.save(cancel(order, after(2), why.by, why.error))
    over = stored(store, order)
    assert (over.status, over.error) == (Status.CANCELLED, BY_CLIENT.error)
    assert rows(store, order) == {}


def test_a_cancelled_order_is_not_filled_afterwards(store: Backend) -> None:
    order = triggered(store, open_order(store))
    building = build(order, NOW, ROUTE)
    store.orders.save(building)
    cancelled(store, order)
    for change in (submit(building.after, NOW, TRANSACTION), rest(building.after, NOW, failure("no_venue"))):
        with pytest.raises(LeaseLost):
            store.orders.save(change)
    assert rows(store, order) == {}, "nor does it wait again"


# --- amending ----------------------------------------------------------------------------------------


def test_an_amended_order_waits_for_what_is_wanted_now(store: Backend) -> None:
    connect(store, "stream", stream=True)
    store.audit.tick(7)
    order = open_order(store, STOP)
    store.audit.tick(9)
    assert store.waits.take_shard(1, "another", NOW, after(9)) is not None
    terms = replace(STOP, stop=Stop(Price("130", SOL_USDC)))
    change = amending(order, terms, expires_at=after(60))
    assert [watcher.connection_id for watcher in store.orders.amend(change, None)] == ["stream"]
    now, events = read(store, order)
    assert now.waiting is not None
    assert change.after.waiting is not None
    assert now == replace(change.after, waiting=replace(change.after.waiting, since=9))
    assert events[-1] == change.events[0]
    assert (events[-1].step, events[-1].detail) == (Step.AMENDED, Accepted(None, now.request, terms))
    assert rows(store, order) == {
        Part.STOP: ("SOL>USDC", "stop reference 2", 2),
        Part.EXPIRY: ("SOL>USDC", "None", 2),
    }
    assert store.audit.waiting()[order.id, Part.STOP].row.key == price_key(
        Price("130", SOL_USDC).value, up=True
    )


def test_a_trail_keeps_the_ticks_that_it_has_seen(store: Backend) -> None:
    store.audit.tick(7)
    order = open_order(store, OCO)
    store.audit.tick(9)
    store.orders.amend(amending(order), None)
    now = stored(store, order)
    assert now.waiting is not None
    assert (now.waiting.since, now.waiting.terms) == (7, AMENDED)
    assert rows(store, order)[Part.STOP] == ("SOL>USDC", "trail reference 2 300", 2)
    assert store.audit.waiting()[order.id, Part.STOP].row.key == -7


def test_a_condition_that_is_dropped_is_looked_up_no_more(store: Backend) -> None:
    order = open_order(store, OCO)
    store.orders.amend(amending(order, replace(OCO, limit=None)), None)
    assert set(rows(store, order)) == {Part.STOP}
    store.orders.amend(amending(stored(store, order), LIMIT), None)
    assert set(rows(store, order)) == {Part.LIMIT}
    assert stored(store, order).waiting == replace(Waiting.of(LIMIT), since=0), "there was no tick yet"


def test_a_held_exit_is_amended_and_stays_held(store: Backend) -> None:
    entry = store.orders.place(bracket(), None, None).order
    held = held_exit(store, entry)
    terms = Terms(limit=Limit(Price("0.02", USDC_SOL)), stop=Trail(500))
    change = amend(held, after(1), held.request, terms, None)
    store.orders.amend(change, None)
    assert stored(store, held) == change.after
    assert rows(store, held) == {
        Part.LIMIT: (None, "limit", 2),
        Part.STOP: (None, "trail reference 2 500", 2),
    }
    store.audit.tick(11)
    store.orders.save(confirm(submitted(store, entry), NOW, FILL))
    assert rows(store, held)[Part.STOP] == ("USDC>SOL", "trail reference 2 500", 3)
    assert store.audit.waiting()[held.id, Part.STOP].row.key == -11


def test_an_order_that_has_changed_since_is_not_amended(store: Backend) -> None:
    order = open_order(store, OCO)
    store.orders.amend(amending(order), None)
    before, was = read(store, order), rows(store, order)
    with pytest.raises(StaleSeq, match="its seq is 2 now"):
        store.orders.amend(amending(order, LIMIT), None)
    assert (read(store, order), rows(store, order)) == (before, was)


@pytest.mark.parametrize("leave", ["trigger", "cancel", "claim"])
def test_an_order_that_waits_no_more_is_not_amended(store: Backend, leave: str) -> None:
    order = open_order(store, OCO)
    if leave == "cancel":
        store.control.cancel([order.id], NOW, BY_OPERATOR)
    else:
        store.audit.trigger(order.id)
        if leave == "claim":
            claimed(store, order)
    before = read(store, order)
    with pytest.raises(NotWaiting, match=f"it is {before[0].status}; nothing was changed"):
        store.orders.amend(amending(order), None)
    assert read(store, order) == before
    assert rows(store, order) == {}, "its new rows would belong to nothing"


def test_an_order_is_amended_no_earlier_than_it_was_changed(store: Backend) -> None:
    order = open_order(store)
    store.orders.amend(amending(order, at=after(5)), None)
    store.orders.amend(amending(stored(store, order), at=after(6)), None)
    assert [event.at for event in read(store, order)[1]] == [NOW, after(5), after(6)]


def test_amending_counts_against_the_rate_of_what_waits(store: Backend) -> None:
    orders = [store.orders.place(waiting(), SLOW, None).order for _ in range(2)]

    def amended(number: int, at_s: float) -> None:
        store.orders.amend(amending(orders[number], at=after(at_s)), SLOW)
        orders[number] = stored(store, orders[number])

    def refused(number: int, at_s: float) -> int:
        with pytest.raises(TooManyOrders) as refused:
            amended(number, at_s)
        return refused.value.retry_after_s

    assert refused(0, 3) == 7
    assert stored(store, orders[0]) == orders[0]
    seen = orders[0]
    amended(0, 10)
    with pytest.raises(StaleSeq):
        store.orders.amend(amending(seen, at=after(20)), SLOW)
    amended(1, 20)
    assert refused(0, 20) == 10
    assert store.orders.place(new_order(), SLOW, None).order.run_at == NOW, "market orders have their own"


def test_the_first_amendments_of_a_client_are_its_burst(store: Backend) -> None:
    order = open_order(store)
    for seconds in (0, 1):
        store.orders.amend(amending(order, at=after(seconds)), SLOW)
        order = stored(store, order)
    with pytest.raises(TooManyOrders) as refused:
        store.orders.amend(amending(order, at=after(2)), SLOW)
    assert refused.value.retry_after_s == 8
