"""What every implementation of the ``Control`` port does, and what a halt means to ``Orders``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import LeaseLost, NotFound, SigningHalted
from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, build, confirm, submit, try_again
from dexec.ports import MOST_ORDERS, ClaimOutcome, Standing
from dexec.usecases.cancel_orders import CANCELLED, KEY_REVOKED, Cancelled, CancelOrders
from dexec.usecases.halt import Halt, Halted
from tests.contract.samples import (
    FILL,
    NOW,
    PAUSED,
    ROUTE,
    TRANSACTION,
    after,
    claim,
    claimed,
    connect,
    failure,
    place,
    submitted,
    trading_key,
)
from tests.proofs.simulation.backend import Backend
from tests.support.fakes import FakeClock

ERROR = Failure("cancelled", "cancelled")


def built(store: Backend, client_id: str = "alice") -> Order:
    """Return an order that its executor is about to sign for."""
    change = build(claimed(store, place(store, client_id)), NOW, ROUTE)
    store.orders.save(change)
    return change.after


def stored(store: Backend, order: Order) -> Order:
    found = store.orders.find(order.id, order.client_id)
    assert found is not None
    return found[0]


def halt(store: Backend) -> Halt:
    return Halt(store.control, FakeClock())


def revoke(store: Backend, client_id: str = "alice") -> None:
    store.api_keys.add(replace(trading_key(client_id), revoked_at=NOW))


# --- the switch --------------------------------------------------------------------------------------


def test_the_switch_keeps_when_it_was_set(store: Backend) -> None:
    assert store.control.switches() == ()
    first = Switch(Stop.PAUSED, after(1))
    store.control.stop(first)
    store.control.stop(Switch(Stop.PAUSED, after(2)))
    assert store.control.switches() == (first,)
    assert store.control.lift([Stop.PAUSED], None) == (first,)
    assert store.control.lift([Stop.PAUSED], None) == ()
    assert store.control.switches() == ()


def signing(store: Backend) -> Change:
    """Return the change that stores a signature."""
    return submit(built(store), NOW, TRANSACTION)


def building(store: Backend) -> Change:
    """Return the change after which an order is signed for."""
    return build(claimed(store, place(store)), NOW, ROUTE)


@pytest.mark.parametrize("towards", [building, signing])
@pytest.mark.parametrize("stop", [lambda store: store.control.stop(PAUSED), revoke])
def test_no_step_towards_a_signature_is_saved_while_halted(store: Backend, towards, stop) -> None:  # type: ignore[no-untyped-def]
    change = towards(store)
    stop(store)
    with pytest.raises(SigningHalted):
        store.orders.save(change)
    assert stored(store, change.before) == change.before
    store.control.lift([Stop.PAUSED], None)
    store.api_keys.add(trading_key())
    store.orders.save(change)
    assert stored(store, change.before) == change.after


def test_a_lost_lease_is_reported_also_while_halted(store: Backend) -> None:
    change = signing(store)
    claimed(store, change.before, "other", after(25))
    store.control.stop(PAUSED)
    with pytest.raises(LeaseLost):
        store.orders.save(change)


@pytest.mark.parametrize("stop", [lambda store: store.control.stop(PAUSED), revoke])
def test_a_change_that_comes_too_late_is_told_so_while_others_are_halted(store: Backend, stop) -> None:  # type: ignore[no-untyped-def]
    taken, written = building(store), building(store)
    bystander = claimed(store, place(store))
    claimed(store, taken.before, "other", after(25))
    store.orders.save(written)
    stop(store)
    for change in (taken, written):
        with pytest.raises(LeaseLost):
            store.orders.save(change)
    assert stored(store, bystander) == bystander
    with pytest.raises(SigningHalted):
        store.orders.save(build(bystander, NOW, ROUTE))


def test_a_client_without_a_key_halts_nobody_else(store: Backend) -> None:
    change = build(claimed(store, place(store, "bob")), NOW, ROUTE)
    store.api_keys.add(replace(trading_key("bob"), key_hash="an old key of bob", revoked_at=NOW))
    revoke(store)
    store.orders.save(change)
    assert stored(store, change.before) == change.after


@pytest.mark.parametrize("stop", [lambda store: store.control.stop(PAUSED), revoke])
def test_what_is_submitted_settles_while_halted(store: Backend, stop) -> None:  # type: ignore[no-untyped-def]
    filled, expired = submitted(store, place(store)), submitted(store, place(store))
    stop(store)
    store.orders.save(confirm(filled, NOW, FILL))
    retry = try_again(expired, NOW, failure("blockhash_expired"))
    store.orders.save(retry)
    with pytest.raises(SigningHalted):
        store.orders.save(build(retry.after, NOW, ROUTE))
    assert stored(store, expired).status is Status.ROUTING


def test_an_order_whose_client_has_no_valid_key_waits(store: Backend) -> None:
    fresh, on_its_way = place(store), submitted(store, place(store))
    revoke(store)
    assert claim(store, fresh).outcome is ClaimOutcome.KEYLESS
    assert claim(store, on_its_way, "other", after(25)).outcome is ClaimOutcome.CLAIMED
    assert [order.id for order in store.orders.lost(after(60), 15, True, 600, 9)] == [on_its_way.id]
    assert claim(store, place(store, "bob")).outcome is ClaimOutcome.CLAIMED
    store.api_keys.add(replace(trading_key(), key_hash="another key of alice"))
    assert claim(store, fresh).outcome is ClaimOutcome.CLAIMED


# --- halting -----------------------------------------------------------------------------------------


def test_a_halt_takes_the_leases_of_what_is_not_signed(store: Backend) -> None:
    waiting, routing, going = place(store), claimed(store, place(store)), built(store)
    sent = submitted(store, place(store))
    assert halt(store).everything() == Halted(tuple(sorted([routing.id, going.id])), ())
    assert stored(store, waiting) == waiting
    assert stored(store, sent) == sent
    for order in (routing, going):
        assert stored(store, order) == replace(order, lease_token=None, lease_until=None)
        assert claim(store, order, "other").outcome is ClaimOutcome.PAUSED
    with pytest.raises(LeaseLost):
        store.orders.save(submit(going, NOW, TRANSACTION))
    store.control.lift([Stop.PAUSED], None)
    again = claimed(store, going, "other")
    assert (again.status, again.attempt) == (Status.ROUTING, 1)


def test_a_halt_names_what_was_signed_meanwhile(store: Backend) -> None:
    going, slow = built(store), built(store)
    leased = store.control.leased

    def sign_after_the_look(client_id: str | None) -> tuple[Order, ...]:
        found = leased(client_id)
        store.control.lift([Stop.PAUSED], None)
        store.orders.save(submit(going, NOW, TRANSACTION))
        return found

    store.control.leased = sign_after_the_look  # type: ignore[method-assign]
    assert halt(store).everything() == Halted((slow.id,), (going.id,))


def test_a_fence_takes_the_leases_of_those_it_names_that_are_not_signed(store: Backend) -> None:
    waiting, routing, going = place(store), claimed(store, place(store)), built(store)
    sent, others = submitted(store, place(store)), (claimed(store, place(store)), built(store))
    named = [waiting, routing, going, sent]
    fenced = {one.id: one for one in store.control.fence([one.id for one in named])}
    free = [replace(one, lease_token=None, lease_until=None) for one in (routing, going)]
    expected = [waiting, *free, sent]
    assert [replace(fenced[one.id], route=None) for one in named] == [
        replace(one, route=None) for one in expected
    ]
    assert [stored(store, one) for one in (*named, *others)] == [*expected, *others]


def test_a_client_is_halted_alone(store: Backend) -> None:
    alices, bobs = built(store), built(store, "bob")
    revoke(store)
    assert halt(store).client("alice") == Halted((alices.id,), ())
    assert stored(store, bobs) == bobs


# --- cancelling --------------------------------------------------------------------------------------


def test_what_has_no_signature_is_cancelled_whoever_holds_it(store: Backend) -> None:
    waiting, routing, going = place(store), claimed(store, place(store)), built(store)
    sent = submitted(store, place(store))
    orders = [waiting, routing, going, sent]
    assert store.control.cancellable("alice", 2) == tuple(sorted([waiting.id, routing.id]))
    assert store.control.cancellable("alice", 10) == tuple(sorted(order.id for order in orders[:3]))
    assert store.control.cancellable("bob", 10) == ()
    assert store.control.standing("alice") == Standing(waiting=3, submitted=1)
    gone = store.control.cancel([order.id for order in orders], after(5), ERROR)
    assert gone == tuple(sorted(order.id for order in orders[:3]))
    for order in orders[:3]:
        answer = store.orders.find(order.id, "alice")
        assert answer is not None
        assert answer[0] == replace(
            order,
            status=Status.FAILED,
            seq=order.seq + 1,
            error=ERROR,
            lease_token=None,
            lease_until=None,
            updated_at=after(5),
        )
        last = answer[1][-1]
        assert (last.seq, last.status, last.detail, last.at) == (
            order.seq + 1, Status.FAILED, ERROR, after(5)
        )  # fmt: skip
    assert stored(store, sent) == sent
    assert store.control.cancel([order.id for order in orders], after(6), ERROR) == ()
    ended = store.orders.history("alice", Status.FAILED, None, 10)
    assert {order.id for order in ended} == set(gone), "listed among those that have ended"
    assert store.control.standing(None) == Standing(waiting=0, submitted=1)


def test_an_executor_whose_order_was_cancelled_writes_nothing(store: Backend) -> None:
    order = built(store)
    store.control.cancel([order.id], NOW, ERROR)
    with pytest.raises(LeaseLost):
        store.orders.save(submit(order, NOW, TRANSACTION))
    assert claim(store, order, "other").outcome is ClaimOutcome.TERMINAL


def test_an_order_that_changed_after_it_was_told_to_end_ends_no_earlier(store: Backend) -> None:
    order = claimed(store, place(store), now=after(10))
    others = place(store), claimed(store, place(store)), built(store)
    assert store.control.cancel([order.id], after(5), ERROR) == (order.id,)
    answer = store.orders.find(order.id, "alice")
    assert answer is not None
    assert (answer[0].updated_at, answer[1][-1].at) == (after(10), after(10))
    assert [stored(store, one) for one in others] == [*others]
    assert store.control.cancellable("alice", 9) == tuple(sorted(one.id for one in others))


def test_watchers_of_a_cancelled_order_are_undelivered(store: Backend) -> None:
    connect(store, "own")
    order = place(store, watcher="own")
    store.control.cancel([order.id], NOW, ERROR)
    ((found, events, watchers),) = store.watching.undelivered(after(1), 10)
    assert (found.id, events[-1].detail) == (order.id, ERROR)
    assert [watcher.connection_id for watcher in watchers] == ["own"]


def test_cancelling_keeps_the_slot_and_the_idempotency_key(store: Backend) -> None:
    order = place(store)
    store.control.cancel([order.id], NOW, ERROR)
    assert stored(store, order).run_at == order.run_at
    assert not store.orders.withdraw(order, NOW, failure("unavailable"))


def test_a_client_is_cancelled_in_batches(store: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dexec.usecases.cancel_orders.MOST_ORDERS", 2)
    assert MOST_ORDERS <= 500, "an order that is cancelled writes six rows, indexes included"
    ours = [place(store).id for _ in range(5)]
    place(store, "bob")
    assert CancelOrders(store.control, FakeClock()).of_client("alice", KEY_REVOKED) == tuple(sorted(ours))
    assert {order.error.code for order in store.control.orders(ours) if order.error} == {"key_revoked"}
    assert store.control.standing("bob") == Standing(waiting=1, submitted=0)


def test_orders_are_cancelled_by_id(store: Backend) -> None:
    waiting, sent, over = place(store), submitted(store, place(store)), place(store)
    cancel = CancelOrders(store.control, FakeClock())
    assert cancel.by_id([over.id]) == Cancelled((over.id,))
    with pytest.raises(NotFound, match="there is no order ord_none; nothing was cancelled"):
        cancel.by_id([waiting.id, "ord_none"])
    done = cancel.by_id([waiting.id, sent.id, over.id])
    assert done == Cancelled((waiting.id,), (sent.id,), (over.id,))
    assert stored(store, waiting).error == CANCELLED.failure()
