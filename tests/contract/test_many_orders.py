"""What every ``Orders`` port does with many orders: their history, and those that are lost."""

from __future__ import annotations

from dataclasses import replace

from dexec.domain.lifecycle import Status
from dexec.domain.order import build, confirm, fail
from dexec.domain.withdrawals import BY_CLIENT
from dexec.ports import ClaimOutcome, Standing, StatusFilter
from tests.contract.samples import (
    FILL,
    NOW,
    PAUSED,
    ROUTE,
    SLOW,
    after,
    claim,
    claimed,
    failure,
    new_order,
    place,
    submitted,
    trading_key,
)
from tests.contract.waiting_samples import in_every_status, open_order
from tests.proofs.simulation.backend import Backend


def test_a_history_of_all_of_what_is_active_or_of_one_status_is_paged_newest_first(store: Backend) -> None:
    found = [(client, in_every_status(store, client)) for _ in range(3) for client in ("alice", "bob")]
    filters: list[StatusFilter | None] = [None, "active", *Status]
    for client in ("alice", "bob"):
        for status in filters:
            orders = [one for whose, some in found if whose == client for one in some.values()]
            wanted = [one for one in orders if not one.is_terminal] if status == "active" else orders
            wanted = [one for one in wanted if status in (None, "active", one.status)]
            ids = sorted((one.id for one in wanted), reverse=True)
            befores = [None, *ids[:-2]] if status == "active" else [None, ids[0]]
            pages = [store.orders.history(client, status, before, 1) for before in befores]
            pages.append(store.orders.history(client, status, ids[len(pages) - 1], 99))
            whole = store.orders.history(client, status, None, 99)
            assert [one.id for one in whole] == [one.id for page in pages for one in page] == ids
    newest = open_order(store)
    assert store.orders.history("alice", "active", None, 1) == (newest,)


def lost(store: Backend, seconds: float, *, queue_is_empty: bool = True, limit: int = 10) -> list[str]:
    return [one.id for one in store.orders.lost(after(seconds), 15, queue_is_empty, 600, limit)]


def test_an_order_is_lost_when_no_message_can_be_its_own(store: Backend) -> None:
    order = place(store)
    assert lost(store, 14) == []
    assert lost(store, 15) == [order.id]
    assert lost(store, 599, queue_is_empty=False) == []
    assert lost(store, 600, queue_is_empty=False) == [order.id]


def test_an_order_is_not_lost_while_it_is_worked_on_or_over(store: Backend) -> None:
    working, over = claimed(store, place(store)), claimed(store, place(store))
    store.orders.save(fail(over, NOW, failure("x")))
    assert lost(store, 24) == []
    assert lost(store, 25) == [working.id]


def test_an_order_is_not_lost_before_its_time_nor_while_paused(store: Backend) -> None:
    rate = replace(SLOW, burst=1, max_backlog_s=900)
    for _ in range(3):
        store.orders.place(new_order(), rate, None)
    assert len(lost(store, 25)) == 2
    store.control.stop(PAUSED)
    assert lost(store, 25) == []


def test_an_order_that_starts_later_is_lost_by_its_start_not_by_its_message(store: Backend) -> None:
    rate = replace(SLOW, interval_s=300, burst=1, max_backlog_s=900)
    at_once, later = (store.orders.place(new_order(), rate, None).order for _ in range(2))
    assert later.run_at == after(300)
    assert lost(store, 314) == [at_once.id]
    assert lost(store, 315) == [at_once.id, later.id]
    assert lost(store, 899, queue_is_empty=False) == [at_once.id]
    assert lost(store, 900, queue_is_empty=False) == [at_once.id, later.id]


def test_what_is_open_may_be_lost_and_what_is_submitted_also_while_paused(store: Backend) -> None:
    waiting, routing, going = place(store), claimed(store, place(store)), claimed(store, place(store))
    store.orders.save(build(going, NOW, ROUTE))
    sent, confirmed, failed = (submitted(store, place(store)) for _ in range(3))
    due = open_order(store)
    store.audit.trigger(due.id)
    store.orders.save(confirm(confirmed, NOW, FILL))
    store.orders.save(fail(failed, NOW, failure("x")))
    assert sorted(lost(store, 25)) == sorted(one.id for one in (waiting, routing, going, sent, due))
    store.orders.release(routing, NOW)
    assert sorted(lost(store, 24)) == sorted((waiting.id, routing.id, due.id))
    store.control.stop(PAUSED)
    assert sorted(lost(store, 25)) == sorted((sent.id, due.id)), "and what is to rest"
    assert lost(store, 24) == [due.id]


def test_orders_of_a_client_without_a_key_are_not_lost_and_those_of_others_are(store: Backend) -> None:
    place(store)
    bobs = place(store, "bob")
    store.api_keys.add(replace(trading_key(), revoked_at=NOW))
    assert lost(store, 60) == [bobs.id]


def test_lost_orders_come_in_batches_oldest_first(store: Backend) -> None:
    orders = [store.orders.place(new_order(now=after(n)), None, None).order for n in range(3)]
    assert lost(store, 60, limit=2) == [orders[0].id, orders[1].id]


def test_a_lost_order_is_requeued_once(store: Backend) -> None:
    order, other = place(store), place(store)
    assert store.orders.requeue(order, after(20))
    assert not store.orders.requeue(order, after(20.5))
    assert lost(store, 34) == [other.id]
    assert sorted(lost(store, 35)) == [order.id, other.id]
    queued = {one.id: one.queued_at for one in store.orders.history("alice", None, None, 9)}
    assert queued == {order.id: after(20), other.id: other.queued_at}


def test_whatever_is_not_over_is_requeued_and_counted_by_its_status(store: Backend) -> None:
    orders, bobs = in_every_status(store), in_every_status(store, "bob")
    over = {status for status, order in orders.items() if order.is_terminal}
    assert {status for status, order in orders.items() if not store.orders.requeue(order, after(20))} == over
    assert store.control.standing("alice") == Standing(waiting=6, submitted=1)
    assert store.control.standing(None) == Standing(waiting=12, submitted=2)
    committing = {one.id for status, one in orders.items() if status not in {*over, Status.HELD}}
    assert {one.id for one in store.risk.committing("alice")} == committing
    assert (store.risk.waiting("alice", 9), store.waits.count(9)) == (2, 4)
    store.orders.release(claimed(store, place(store)), after(9))
    leased = [[one[status].id for status in (Status.ROUTING, Status.BUILDING)] for one in (orders, bobs)]
    assert {one.id for one in store.control.leased(None)} == {*leased[0], *leased[1]}
    assert {one.id for one in store.control.leased("bob")} == {*leased[1]}


def test_a_parked_order_is_neither_claimed_nor_lost_until_it_is_released(store: Backend) -> None:
    order, other = claimed(store, place(store)), place(store)
    store.orders.end_round(order, after(1), 3, parks=True)
    assert store.orders.parked() == 1
    parked = claim(store, order, now=after(60))
    assert parked.outcome is ClaimOutcome.PARKED
    assert parked.order is not None
    assert (parked.order.rounds, parked.order.parked_at, parked.order.lease_token) == (3, after(1), None)
    assert lost(store, 60) == [other.id]
    assert store.orders.unpark(order.id, after(60))
    assert not store.orders.unpark(order.id, after(60))
    assert store.orders.parked() == 0
    assert claimed(store, order, now=after(60)).rounds == 0


def test_a_parked_order_is_released_alone_and_while_it_is_open(store: Backend) -> None:
    order, other, failed, cancelled = (claimed(store, place(store)) for _ in range(4))
    waiting = place(store)
    for one in (order, other, failed, cancelled):
        store.orders.end_round(one, after(1), 3, parks=True)
    store.control.cancel([failed.id], after(2), failure("x"))
    store.control.cancel([cancelled.id], after(2), BY_CLIENT)
    assert store.orders.parked() == 2
    for over in (failed, cancelled):
        assert not store.orders.unpark(over.id, after(60)), "it has ended"
    assert not store.orders.unpark(waiting.id, after(60)), "it was never parked"
    assert store.orders.unpark(order.id, after(60))
    assert store.orders.parked() == 1
    queued = {one.id: one.queued_at for one in store.orders.history("alice", None, None, 9)}
    at_first = (other, failed, cancelled, waiting)
    assert queued == {order.id: after(60), **{one.id: NOW for one in at_first}}
    assert claim(store, other, now=after(60)).outcome is ClaimOutcome.PARKED


def test_a_round_is_ended_by_who_holds_the_order_alone(store: Backend) -> None:
    order, other = claimed(store, place(store)), claimed(store, place(store))
    store.orders.end_round(replace(order, lease_token="another's"), after(1), 3, parks=True)
    assert store.orders.parked() == 0
    store.orders.end_round(order, after(1), 2, parks=False)
    assert claimed(store, order, now=after(1)).rounds == 2
    assert claimed(store, other, now=after(1)).rounds == 0


def test_a_claim_says_whether_the_last_holder_went_away(store: Backend) -> None:
    order = place(store)
    assert not claim(store, order, "first").abandoned
    assert not claim(store, order, "first").abandoned, "the same claim, repeated"
    assert not claim(store, order, "second", after(24)).abandoned, "it is not ours"
    taken = claim(store, order, "second", after(25))
    assert taken.abandoned
    assert taken.order is not None
    store.orders.release(taken.order, after(26))
    assert not claim(store, order, "third", after(26)).abandoned
