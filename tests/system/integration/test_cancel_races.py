"""Cancel and amend against each other, triggers and executors: one winner, whose rows they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from threading import Barrier
from typing import TypeVar

import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.control import PostgresControl
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.errors import CancelWished, DexecError, LeaseLost, NotWaiting, StaleSeq
from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Change, Order, build, cancel, confirm, submit, try_again
from dexec.domain.waiting.conditions import Limit
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.steps import amend, rest
from dexec.domain.waiting.terms import Terms
from dexec.domain.withdrawals import BY_CLIENT, withdrawal
from dexec.ports import Cancels
from tests.conftest import Connecting, Isolation
from tests.contract.samples import FILL, LEASE, NOW, ROUTE, TRANSACTION, after, failure
from tests.contract.waiting_samples import OCO, SOL_USDC, bracket, waiting
from tests.system.integration.racing import KEY

ROUNDS = 12

T = TypeVar("T")
U = TypeVar("U")

TRIGGER = """
WITH moved AS (
    UPDATE orders SET status = 'triggered', outcome = NULL, seq = seq + 1
    WHERE id = %(id)s AND status = 'open' AND seq = %(seq)s
    RETURNING id
),
gone AS (
    DELETE FROM waiting WHERE order_id IN (SELECT id FROM moved)
)
SELECT id FROM moved
"""


@dataclass
class Store:
    """The store as two processes see it, and a way past the ports."""

    first: Database
    second: Database
    pool: ThreadPoolExecutor
    connecting: Connecting
    isolation: Isolation

    @property
    def orders(self) -> PostgresOrders:
        return PostgresOrders(self.first)

    def both(self, one: Callable[[Database], T], other: Callable[[Database], U]) -> tuple[T, U]:
        """Do two things at the same moment, each in a process of its own."""
        barrier = Barrier(2)

        def start(work: Callable[[Database], T | U], database: Database) -> T | U:
            barrier.wait()
            return work(database)

        running = self.pool.submit(start, one, self.first), self.pool.submit(start, other, self.second)
        return running[0].result(), running[1].result()  # type: ignore[return-value]

    def now(self, order: Order) -> Order:
        (found,) = PostgresControl(self.first).orders([order.id])
        return found

    def rows(self, order: Order) -> set[tuple[str, int]]:
        """Return the parts that an order waits by, and for which seq of it."""
        with self.connecting(Isolation.READ_COMMITTED) as connection:
            found = connection.execute("SELECT part, version FROM waiting WHERE order_id = %s", [order.id])
            return {(str(part), int(str(version))) for part, version in found}

    def check(self, order: Order) -> Order:
        """Return an order as it is now, whose rows are those of its seq, or none where it does not rest."""
        found = self.now(order)
        assert {version for _, version in self.rows(order)} == (
            {found.seq} if found.status in RESTING else set()
        )
        return found


@pytest.fixture
def store(connecting: Connecting, isolation: Isolation) -> Iterator[Store]:
    with ExitStack() as opened:
        first, second = (
            opened.enter_context(closing(Database(lambda: connecting(isolation)))) for _ in range(2)
        )
        PostgresApiKeys(first).add(KEY)
        pool = opened.enter_context(ThreadPoolExecutor(2))
        yield Store(first, second, pool, connecting, isolation)


def cancelling(order: Order) -> Callable[[Database], Cancels]:
    return lambda database: PostgresControl(database).cancel([order.id], after(1), BY_CLIENT)


def amending(order: Order, price: str) -> Callable[[Database], DexecError | None]:
    terms = Terms(Limit(Price(price, SOL_USDC)))

    def work(database: Database) -> DexecError | None:
        try:
            PostgresOrders(database).amend(amend(order, after(1), order.request, terms, None), None)
        except (StaleSeq, NotWaiting) as exc:
            return exc
        return None

    return work


def saving(change: Change) -> Callable[[Database], bool]:
    """Return what an executor does at the end of a step; it says whether its lease still stood."""

    def work(database: Database) -> bool:
        try:
            PostgresOrders(database).save(change)
        except LeaseLost:
            return False
        return True

    return work


def triggering(store: Store, order: Order) -> Callable[[Database], bool]:
    def work(_: Database) -> bool:
        while True:
            try:
                with store.connecting(store.isolation) as connection:
                    found = connection.execute(TRIGGER, {"id": order.id, "seq": order.seq}).fetchone()
                    return found is not None
            except Exception as exc:
                if getattr(exc, "sqlstate", None) != "40001":
                    raise

    return work


def taken(store: Store, order: Order) -> Order:
    """Return an order that rested as an executor has it, about to be signed."""
    assert triggering(store, order)(store.first)
    found = store.orders.claim(order.id, "mine", NOW, NOW + LEASE).order
    assert found is not None
    change = build(found, NOW, ROUTE)
    store.orders.save(change)
    return change.after


def test_of_two_amendments_of_one_seq_one_is_written(store: Store) -> None:
    for _ in range(ROUNDS):
        order = store.orders.place(waiting(OCO), None, None).order
        answers = store.both(amending(order, "180"), amending(order, "190"))
        assert [type(one) for one in answers if one is not None] == [StaleSeq]
        found = store.check(order)
        assert found.waiting is not None
        price = "180" if answers[0] is None else "190"
        assert found.waiting.terms == Terms(Limit(Price(price, SOL_USDC)))
        assert store.rows(order) == {("limit", 2)}


def test_an_order_is_amended_or_triggered_never_both(store: Store) -> None:
    for _ in range(ROUNDS):
        order = store.orders.place(waiting(OCO), None, None).order
        refused, is_triggered = store.both(amending(order, "180"), triggering(store, order))
        assert isinstance(refused, NotWaiting) == is_triggered
        assert store.check(order).status is (Status.TRIGGERED if is_triggered else Status.OPEN)


@pytest.mark.parametrize("kind", ["amend", "trigger"])
def test_what_waits_is_cancelled_whatever_comes_at_the_same_moment(store: Store, kind: str) -> None:
    for _ in range(ROUNDS):
        order = store.orders.place(waiting(OCO), None, None).order
        other = amending(order, "180") if kind == "amend" else triggering(store, order)
        cancels, _answer = store.both(cancelling(order), other)
        assert [one.order.id for one in cancels.ended] == [order.id]
        assert store.check(order).status is Status.CANCELLED
        claim = store.orders.claim(order.id, "late", after(2), after(30))
        assert claim.order == store.now(order)


def test_an_order_that_rests_again_as_it_is_cancelled_waits_no_more(store: Store) -> None:
    for _ in range(ROUNDS):
        order = taken(store, store.orders.place(waiting(OCO), None, None).order)
        cancels, _rested = store.both(cancelling(order), saving(rest(order, after(1), failure("no_venue"))))
        assert len(cancels.ended) == 1
        assert store.check(order).status is Status.CANCELLED


def test_a_cancel_ends_an_order_before_it_is_signed_or_after_it_did_not_fill(store: Store) -> None:
    for _ in range(ROUNDS):
        order = taken(store, store.orders.place(waiting(OCO), None, None).order)
        signing = submit(order, NOW, TRANSACTION)
        cancels, is_signed = store.both(cancelling(order), saving(signing))
        assert (len(cancels.ended), cancels.noted) == ((0, (order.id,)) if is_signed else (1, ()))
        if is_signed:
            sent = signing.after
            with pytest.raises(CancelWished) as wished:
                store.orders.save(try_again(sent, after(2), failure("blockhash_expired")))
            why = withdrawal(wished.value.by)
            store.orders.save(cancel(sent, after(2), why.by, why.error))
        assert store.check(order).status is Status.CANCELLED


def test_a_fill_and_a_cancel_of_an_entry_leave_its_exit_open_or_over(store: Store) -> None:
    for is_signed in (True, False) * (ROUNDS // 2):
        entry = store.orders.place(bracket(), None, None).order
        held = store.now(replace(entry, id=entry.exit_id or ""))
        claimed = store.orders.claim(entry.id, "mine", NOW, NOW + LEASE).order
        assert claimed is not None
        store.orders.save(build(claimed, NOW, ROUTE))
        building = build(claimed, NOW, ROUTE).after
        if not is_signed:
            store.both(cancelling(entry), amending(held, "180"))
            assert (store.check(entry).status, store.check(held).status) == (Status.CANCELLED,) * 2
            continue
        sent = submit(building, NOW, TRANSACTION)
        store.orders.save(sent)
        cancels, is_filled = store.both(cancelling(entry), saving(confirm(sent.after, NOW, FILL)))
        assert (cancels.ended, is_filled) == ((), True)
        assert (store.check(entry).status, store.check(held).status) == (Status.CONFIRMED, Status.OPEN)
