"""Cancelling, with the ports in memory: what a client is answered, and what is told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dexec.domain.errors import NotFound, StoreConflict, TooLateToCancel
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, confirm
from dexec.domain.quote import Pair
from dexec.domain.withdrawals import BY_OPERATOR, BY_REVOCATION
from dexec.ports import Written
from dexec.usecases.cancel_orders import Cancelled, CancelOrders
from tests.contract.samples import FILL, NOW, place, stored, submitted, trading_key
from tests.proofs.simulation.backend import Backend, in_memory
from tests.support.fakes import FakeClock


class Cancelling:
    """A store in memory, and the use case, with the orders that it told of."""

    def __init__(self) -> None:
        self.store: Backend = in_memory()
        self.store.api_keys.add(trading_key())
        self.told: list[str] = []
        self.cancel = CancelOrders(self.store.control, FakeClock(), self.notify, is_known=True)

    def notify(self, written: Sequence[Written]) -> None:
        self.told += [one.order.id for one in written]


@pytest.fixture
def cancelling(monkeypatch: pytest.MonkeyPatch) -> Cancelling:
    monkeypatch.setattr("dexec.usecases.cancel_orders.MOST_CANCELLED", 2)
    return Cancelling()


@pytest.mark.parametrize("ends_as", [Status.CANCELLED, Status.FAILED])
def test_an_order_is_cancelled_once_and_told_of_once(cancelling: Cancelling, ends_as: Status) -> None:
    cancel = replace(cancelling.cancel, is_known=ends_as is Status.CANCELLED)
    order = place(cancelling.store)
    for _ in range(2):
        cancel.one(order.id, "alice")
    assert stored(cancelling.store, order).status is ends_as
    assert cancelling.told == [order.id]


def test_what_was_cancelled_because_its_key_was_revoked_is_cancelled(cancelling: Cancelling) -> None:
    order = place(cancelling.store)
    assert cancelling.cancel.of_client("alice", BY_REVOCATION) == (order.id,)
    cancelling.cancel.one(order.id, "alice")
    assert cancelling.told == [order.id]


def test_what_is_not_an_order_of_the_client_is_not_found(cancelling: Cancelling) -> None:
    bobs = place(cancelling.store, "bob")
    for unknown in (bobs.id, "ord_none"):
        with pytest.raises(NotFound, match="no such order of this client"):
            cancelling.cancel.one(unknown, "alice")
    assert not stored(cancelling.store, bobs).is_terminal
    with pytest.raises(NotFound):
        # Its form shows that there is none: nothing is looked up.
        replace(cancelling.cancel, control=None).one("ord_none", "alice")  # type: ignore[arg-type]


def test_what_is_signed_or_over_is_too_late(cancelling: Cancelling) -> None:
    store = cancelling.store
    sent = submitted(store, place(store))
    with pytest.raises(TooLateToCancel, match="if it does, the order is confirmed"):
        cancelling.cancel.one(sent.id, "alice")
    with pytest.raises(TooLateToCancel, match=r"signed and may land$"):
        replace(cancelling.cancel, is_known=False).one(sent.id, "alice")
    store.orders.save(confirm(sent, NOW, FILL))
    with pytest.raises(TooLateToCancel, match="the order is confirmed already"):
        cancelling.cancel.one(sent.id, "alice")
    assert cancelling.told == []


def test_all_of_a_client_are_cancelled_page_by_page(
    cancelling: Cancelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = cancelling.store
    ours = [place(store).id for _ in range(5)]
    sent = [submitted(store, place(store)).id for _ in range(2)]
    bobs = place(store, "bob")
    assert cancelling.cancel.all_of("alice", Pair("USDC", "SOL")) == Cancelled(())
    pages, cancellable = list[str](), store.control.cancellable

    def page(client_id: str, after_id: str, limit: int) -> tuple[Order, ...]:
        pages.append(after_id)
        return cancellable(client_id, after_id, limit)

    monkeypatch.setattr(store.control, "cancellable", page)
    done = cancelling.cancel.all_of("alice", Pair("SOL", "USDC"))
    assert done == Cancelled(tuple(ours), tuple(sent))
    assert pages == ["", ours[1], ours[3], sent[0], sent[1]]
    assert sorted(cancelling.told) == ours
    assert stored(store, bobs).status is Status.PENDING


def test_what_was_signed_since_it_was_listed_is_too_late(
    cancelling: Cancelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, cancellable = cancelling.store, cancelling.store.control.cancellable
    waiting, going = place(store), place(store)

    def overtaken(client_id: str, after_id: str, limit: int) -> tuple[Order, ...]:
        listed = cancellable(client_id, after_id, limit)
        if not after_id:
            submitted(store, going)
        return listed

    monkeypatch.setattr(store.control, "cancellable", overtaken)
    assert cancelling.cancel.all_of("alice") == Cancelled((waiting.id,), (going.id,))


@pytest.mark.parametrize("by_id", [True, False])
def test_what_was_cancelled_before_the_store_failed_is_told_of(
    cancelling: Cancelling, monkeypatch: pytest.MonkeyPatch, *, by_id: bool
) -> None:
    store, cancel = cancelling.store, cancelling.store.control.cancel
    ours = [place(store).id for _ in range(3)]

    def fails(order_ids: Sequence[str], *given: object) -> object:
        if ours[2] in order_ids:
            raise StoreConflict("busy")
        return cancel(order_ids, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(store.control, "cancel", fails)
    with pytest.raises(StoreConflict):
        _ = cancelling.cancel.by_id(ours) if by_id else cancelling.cancel.all_of("alice")
    assert cancelling.told == ours[:2]


def test_orders_are_cancelled_by_id_or_none_is(cancelling: Cancelling) -> None:
    store = cancelling.store
    ours = [place(store) for _ in range(5)]
    sent, over = submitted(store, place(store)), place(store)
    cancelling.cancel.by_id([over.id])
    ids = [order.id for order in ours]
    with pytest.raises(NotFound, match=r"no order ord_none; nothing was"):
        cancelling.cancel.by_id([*ids, "ord_none"])
    assert cancelling.told == [over.id]
    assert cancelling.cancel.by_id([*ids, sent.id, over.id]) == Cancelled(
        tuple(sorted(ids)), (sent.id,), (over.id,)
    )
    assert sorted(cancelling.told) == sorted([over.id, *ids])
    assert stored(store, ours[0]).error == BY_OPERATOR.error
