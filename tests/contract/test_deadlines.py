"""What every store does with an order's deadline: no signature is stored from it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dexec.domain.errors import DeadlinePassed, LeaseLost
from dexec.domain.order import Change, Order, build, confirm, fail, submit
from tests.contract.samples import FILL, NOW, ROUTE, TRANSACTION, after, claimed, new_order, stored
from tests.proofs.simulation.backend import Backend

DEADLINE_S = 10

Step = Callable[[Backend, Order, float], Change]


def placed(store: Backend) -> Order:
    """Return an order with a deadline, which an executor holds."""
    new = new_order()
    request = replace(new.order.request, limit=155_000_001, deadline_s=DEADLINE_S)
    order = replace(new.order, request=request, expires_at=after(DEADLINE_S))
    kept = store.orders.place(replace(new, order=order), None, None).order
    assert (kept.request, kept.expires_at) == (request, after(DEADLINE_S))
    return claimed(store, kept)


def building(_: Backend, order: Order, at_s: float) -> Change:
    return build(order, after(at_s), ROUTE)


def signing(store: Backend, order: Order, at_s: float) -> Change:
    change = build(order, NOW, ROUTE)
    store.orders.save(change)
    return submit(change.after, after(at_s), TRANSACTION)


@pytest.mark.parametrize("towards", [building, signing])
def test_no_step_towards_a_signature_is_saved_from_the_deadline_on(store: Backend, towards: Step) -> None:
    change = towards(store, placed(store), DEADLINE_S)
    with pytest.raises(DeadlinePassed, match="not filled within its deadline of 10 s; nothing was traded"):
        store.orders.save(change)
    assert stored(store, change.before) == change.before, "nothing of it is stored"


@pytest.mark.parametrize("towards", [building, signing])
def test_a_microsecond_before_the_deadline_it_is_saved(store: Backend, towards: Step) -> None:
    change = towards(store, placed(store), DEADLINE_S - 0.000_001)
    store.orders.save(change)
    assert stored(store, change.before) == change.after


def test_who_lost_the_lease_is_told_so_also_past_the_deadline(store: Backend) -> None:
    change = signing(store, placed(store), DEADLINE_S)
    claimed(store, change.before, "other", after(25))
    with pytest.raises(LeaseLost):
        store.orders.save(change)


def test_a_change_that_comes_too_late_is_told_so_while_others_pass_their_deadline(store: Backend) -> None:
    taken, written = (building(store, placed(store), DEADLINE_S) for _ in range(2))
    bystander = placed(store)
    claimed(store, taken.before, "other", after(25))
    store.orders.save(building(store, written.before, 0))
    for change in (taken, written):
        with pytest.raises(LeaseLost):
            store.orders.save(change)
    with pytest.raises(DeadlinePassed):
        store.orders.save(building(store, bystander, DEADLINE_S))


def test_past_the_deadline_an_order_fails_and_what_is_signed_settles(store: Backend) -> None:
    late = placed(store)
    store.orders.save(fail(late, after(DEADLINE_S), DeadlinePassed(DEADLINE_S).failure()))
    signed = signing(store, placed(store), 1)
    store.orders.save(signed)
    store.orders.save(confirm(signed.after, after(DEADLINE_S + 1), FILL))
