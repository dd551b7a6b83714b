"""What every implementation of the ``Control`` port does, and what a halt means to ``Orders``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from dexec.domain.errors import LeaseLost, NotFound, SigningHalted
from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Event, Order, Withdrawal, build, confirm, submit, try_again
from dexec.domain.withdrawals import BY_CLIENT, BY_OPERATOR, BY_REVOCATION
from dexec.ports import MOST_CANCELLED, Cancels, ClaimOutcome, Standing, Written
from dexec.usecases.cancel_orders import Cancelled, CancelOrders
from dexec.usecases.halt import Halt, Halted
from tests.contract.samples import (
    FILL,
    MOST,
    NOW,
    PAUSED,
    ROUTE,
    TRANSACTION,
    after,
    built,
    claim,
    claimed,
    connect,
    failure,
    place,
    read,
    stored,
    submitted,
    trading_key,
)
from tests.contract.waiting_samples import in_every_status
from tests.proofs.simulation.backend import Backend
from tests.support.fakes import FakeClock

ERROR = Failure("cancelled", "cancelled")


def halt(store: Backend) -> Halt:
    return Halt(store.control, FakeClock(), 25)


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


def test_a_claim_tells_what_holds_the_order_back_a_pause_first(store: Backend) -> None:
    order = place(store)
    for switch in (Switch(Stop.HALTED, NOW, "bob"), Switch(Stop.HALTED, NOW, "alice"), PAUSED):
        store.control.stop(switch)
    assert claim(store, order).outcome is ClaimOutcome.PAUSED
    store.control.lift([Stop.PAUSED], None)
    assert claim(store, order).outcome is ClaimOutcome.HALTED
    store.control.lift([Stop.HALTED], "alice")
    revoke(store)
    assert claim(store, order).outcome is ClaimOutcome.KEYLESS


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


def cancel(
    store: Backend, *orders: Order, at: datetime = NOW, why: Withdrawal | Failure = BY_CLIENT
) -> Cancels:
    return store.control.cancel([order.id for order in orders], at, why)


def ids(orders: Iterable[Order]) -> tuple[str, ...]:
    return tuple(sorted(order.id for order in orders))


def ended(cancels: Cancels) -> tuple[str, ...]:
    return tuple(one.order.id for one in cancels.ended)


@pytest.mark.parametrize(
    ("why", "status", "error"),
    [(BY_CLIENT, Status.CANCELLED, BY_CLIENT.error), (ERROR, Status.FAILED, ERROR)],
    ids=["cancelled", "as failed"],
)
def test_what_has_no_signature_is_cancelled_whoever_holds_it(
    store: Backend, why: Withdrawal | Failure, status: Status, error: Failure
) -> None:
    waiting, routing, going = place(store), claimed(store, place(store)), built(store)
    sent = submitted(store, place(store))
    orders = [waiting, routing, going, sent]
    assert store.control.standing("alice") == Standing(waiting=3, submitted=1)
    cancels = cancel(store, *orders, at=after(5), why=why)
    assert ended(cancels) == ids(orders[:3])
    for order in orders[:3]:
        kept, events = read(store, order)
        assert kept == replace(
            order,
            status=status,
            seq=order.seq + 1,
            error=error,
            lease_token=None,
            lease_until=None,
            updated_at=after(5),
        )
        last = Event(order.id, order.seq + 1, status, None, 1, why, after(5))
        assert events[-1] == last
        (written,) = [one for one in cancels.ended if one.order.id == order.id]
        assert written == Written(replace(kept, route=written.order.route), (last,), ())
    assert cancel(store, *orders, at=after(6), why=why).ended == ()
    listed = store.orders.history("alice", status, None, 10)
    assert ids(listed) == ended(cancels), "listed among those that have ended"
    assert store.control.standing(None) == Standing(waiting=0, submitted=1)


def test_a_cancel_of_what_is_submitted_is_noted_and_its_executor_goes_on(store: Backend) -> None:
    sent, other = submitted(store, place(store)), submitted(store, place(store))
    assert cancel(store, sent, at=after(5)) == Cancels((), (sent.id,))
    assert stored(store, sent) == replace(sent, cancelled_by="client"), "its seq stays"
    assert cancel(store, sent, why=BY_OPERATOR).noted == (sent.id,)
    assert stored(store, sent).cancelled_by == "client", "who asked first"
    store.orders.save(confirm(sent, NOW, FILL))
    assert stored(store, sent).status is Status.CONFIRMED
    assert stored(store, other) == other
    assert cancel(store, sent) == Cancels()


def test_nothing_is_noted_for_readers_that_do_not_know_it(store: Backend) -> None:
    sent = submitted(store, place(store))
    assert cancel(store, sent, why=ERROR) == Cancels()
    assert stored(store, sent) == sent


def test_only_a_clients_own_orders_are_cancelled_for_it(store: Backend) -> None:
    alices, bobs, sent = place(store), place(store, "bob"), submitted(store, place(store, "bob"))
    named = [alices.id, bobs.id, sent.id]
    cancels = store.control.cancel(named, NOW, BY_CLIENT, "alice")
    assert (ended(cancels), cancels.noted) == ((alices.id,), ())
    assert [stored(store, one) for one in (bobs, sent)] == [bobs, sent]


def test_what_is_not_over_is_found_page_by_page(store: Backend) -> None:
    orders, _ = in_every_status(store), in_every_status(store, "bob")
    found = ids(one for one in orders.values() if not one.is_terminal)
    pages = [store.control.cancellable("alice", last, 1) for last in ("", *found)]
    assert [one.id for page in pages for one in page] == [*found]


def test_who_watches_a_cancelled_order_is_told_who_that_is(store: Backend) -> None:
    connect(store, "bystander")
    own = connect(store, "own")
    connect(store, "stream", stream=True)
    connect(store, "bobs", "bob", stream=True)
    store.api_keys.add(replace(trading_key(), key_hash="revoked", revoked_at=NOW))
    store.watching.connect(replace(own, connection_id="revoked", key_hash="revoked", stream=True), MOST)
    watched, other = place(store, watcher="own"), place(store)
    place(store, watcher="bystander")
    found = {
        one.order.id: {w.connection_id for w in one.watchers} for one in cancel(store, watched, other).ended
    }
    assert found == {watched.id: {"own", "stream"}, other.id: {"stream"}}


def test_an_executor_whose_order_was_cancelled_writes_nothing(store: Backend) -> None:
    order = built(store)
    cancel(store, order)
    with pytest.raises(LeaseLost):
        store.orders.save(submit(order, NOW, TRANSACTION))
    assert claim(store, order, "other").outcome is ClaimOutcome.TERMINAL


def test_an_order_that_changed_after_it_was_told_to_end_ends_no_earlier(store: Backend) -> None:
    order = claimed(store, place(store), now=after(10))
    others = place(store), claimed(store, place(store)), built(store)
    assert ended(cancel(store, order, at=after(5))) == (order.id,)
    kept, events = read(store, order)
    assert (kept.updated_at, events[-1].at) == (after(10), after(10))
    assert [stored(store, one) for one in others] == [*others]


def test_watchers_of_a_cancelled_order_are_undelivered(store: Backend) -> None:
    connect(store, "own")
    order = place(store, watcher="own")
    cancel(store, order)
    ((found, events, watchers),) = store.watching.undelivered(after(1), 10)
    assert (found.id, events[-1].detail) == (order.id, BY_CLIENT)
    assert [watcher.connection_id for watcher in watchers] == ["own"]


def test_cancelling_keeps_the_slot_and_the_idempotency_key(store: Backend) -> None:
    order = place(store)
    cancel(store, order)
    assert stored(store, order).run_at == order.run_at
    assert not store.orders.withdraw(order, NOW, failure("unavailable"))


def test_a_client_is_cancelled_in_batches(store: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dexec.usecases.cancel_orders.MOST_CANCELLED", 2)
    assert MOST_CANCELLED * 30 <= 3_000, "an order that is cancelled, with its exit, is thirty rows"
    ours = [place(store).id for _ in range(5)]
    place(store, "bob")
    use_case = CancelOrders(store.control, FakeClock(), lambda _: None, is_known=True)
    assert use_case.of_client("alice", BY_REVOCATION) == tuple(sorted(ours))
    assert {order.error.code for order in store.control.orders(ours) if order.error} == {"key_revoked"}
    assert store.control.standing("bob") == Standing(waiting=1, submitted=0)


def test_orders_are_cancelled_by_id(store: Backend) -> None:
    waiting, sent, over = place(store), submitted(store, place(store)), place(store)
    use_case = CancelOrders(store.control, FakeClock(), lambda _: None, is_known=True)
    assert use_case.by_id([over.id]) == Cancelled((over.id,))
    with pytest.raises(NotFound, match="there is no order ord_none; nothing was cancelled"):
        use_case.by_id([waiting.id, "ord_none"])
    done = use_case.by_id([waiting.id, sent.id, over.id])
    assert done == Cancelled((waiting.id,), (sent.id,), (over.id,))
    assert stored(store, waiting).error == BY_OPERATOR.error
