"""Orders that wait, and brackets, to begin with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, cancel, confirm, expire, fail
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.conditions import Kind, Limit, Stop, Trail
from dexec.domain.waiting.lookup import Part
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.steps import amend
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.ports import NewOrder
from tests.contract.samples import (
    FILL,
    NOW,
    after,
    built,
    claimed,
    failure,
    new_order,
    place,
    stored,
    submitted,
)
from tests.proofs.simulation.backend import Backend

SOL_USDC, USDC_SOL = Pair("SOL", "USDC"), Pair("USDC", "SOL")
LIMIT = Terms(limit=Limit(Price("170", SOL_USDC)))
OCO = replace(LIMIT, stop=Trail(200))
AMENDED = replace(OCO, limit=Limit(Price("180", SOL_USDC)), stop=Trail(300))
EXITS = Terms(limit=Limit(Price("0.01", USDC_SOL)), stop=Stop(Price("0.005", USDC_SOL)))
LATER = after(1)


def waiting(
    terms: Terms = LIMIT, status: Status = Status.OPEN, key: str | None = None, client_id: str = "alice"
) -> NewOrder:
    """Return an order that waits, or, pending, one whose limit is met."""
    new = new_order(client_id, key)
    fired = Kind.LIMIT if status is Status.PENDING else None
    return replace(new, order=replace(new.order, status=status, waiting=Waiting.of(terms, fired)))


def bracket(terms: Terms | None = None, key: str | None = None, client_id: str = "alice") -> NewOrder:
    """Return an entry, at the market or on terms, and its exit."""
    new = new_order(client_id, key) if terms is None else waiting(terms, key=key, client_id=client_id)
    held = replace(
        new_order(client_id).order,
        request=RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 0, 50),
        status=Status.HELD,
        waiting=Waiting.of(EXITS),
        entry_id=new.order.id,
    )
    return replace(new, order=replace(new.order, exit_id=held.id), exit=held)


def rows(store: Backend, order: Order) -> dict[Part, tuple[str | None, str | None, int]]:
    """Return what an order waits by: part, then book, group and version."""
    return {
        part: (
            None if one.book is None else f"{one.book.token_in}>{one.book.token_out}",
            str(one.row.group),
            one.version,
        )
        for (order_id, part), one in store.audit.waiting().items()
        if order_id == order.id
    }


def triggered(store: Backend, order: Order) -> Order:
    """Return an order that rested, as an executor has it after its limit was met."""
    store.audit.trigger(order.id)
    return claimed(store, order)


def open_order(store: Backend, terms: Terms = LIMIT, client_id: str = "alice") -> Order:
    """Return an order that waits, as it is stored."""
    return store.orders.place(waiting(terms, client_id=client_id), None, None).order


def in_every_status(store: Backend, client_id: str = "alice") -> dict[Status, Order]:
    """Return a client's orders, one in each status, as they are stored; the held one is an exit."""
    entry = bracket(client_id=client_id)
    assert entry.exit is not None
    orders = [store.orders.place(entry, None, None).order, entry.exit]
    orders += [open_order(store, client_id=client_id) for _ in range(2)]
    store.audit.trigger(orders[-1].id)
    failed, cancelled, expired, routing = (claimed(store, place(store, client_id)) for _ in range(4))
    confirmed, sent = (submitted(store, place(store, client_id)) for _ in range(2))
    error = failure("x")
    for change in (
        fail(failed, NOW, error),
        cancel(cancelled, NOW, "client", error),
        expire(expired, NOW, error),
        confirm(confirmed, NOW, FILL),
    ):
        store.orders.save(change)
    orders += [failed, cancelled, expired, routing, built(store, client_id), sent, confirmed]
    found = {one.status: one for one in (stored(store, order) for order in orders)}
    assert set(found) == set(Status)
    return found


def amending(
    order: Order, terms: Terms = AMENDED, at: datetime = LATER, expires_at: datetime | None = None
) -> Change:
    """Return what another amount and other terms make of an order that waits."""
    return amend(order, at, replace(order.request, amount=7), terms, expires_at)
