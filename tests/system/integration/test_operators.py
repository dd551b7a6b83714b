"""What operators ask of PostgreSQL: keys, and orders that failed, are stuck or are parked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.operators import Limits, PostgresOperators, ProblemOrder
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import CLAIMABLE, Status
from dexec.domain.order import Order, fail
from dexec.domain.withdrawals import BY_CLIENT
from dexec.ports import ApiKey
from tests.conftest import Connecting, Isolation
from tests.contract.samples import LEASE, NOW, SLOW, after, new_order, trading_key
from tests.contract.waiting_samples import in_every_status
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, on_postgres

KEY = ApiKey("first", "desk", 60, {"SOL": 10**9}, NOW)
MINUTE = 60


@pytest.fixture
def database(connecting: Connecting, isolation: Isolation) -> Iterator[Database]:
    with closing(Database(lambda: connecting(isolation))) as database:
        yield database


@pytest.fixture
def operators(database: Database) -> PostgresOperators:
    return PostgresOperators(database)


@pytest.fixture
def orders(database: Database) -> PostgresOrders:
    for client_id in ("desk", "other"):
        PostgresApiKeys(database).add(replace(KEY, key_hash=f"key of {client_id}", client_id=client_id))
    return PostgresOrders(database)


@pytest.fixture
def store(database: Database, connecting: Connecting, isolation: Isolation) -> Iterator[Backend]:
    with connecting(isolation) as audit:
        yield on_postgres(database, PostgresAudit(audit))


def placed(orders: PostgresOrders, client_id: str = "desk") -> Order:
    return orders.place(new_order(client_id), None, None).order


def test_an_order_that_waits_for_a_key_is_distinguished_from_others(
    operators: PostgresOperators, orders: PostgresOrders
) -> None:
    operators.revoke_keys("other", NOW)
    placed(orders), placed(orders, "other")
    found = {one.order.client_id: one.is_keyless for one in operators.stuck(after(60), MINUTE, None, 10)}
    assert found == {"desk": False, "other": True}


def claimed(orders: PostgresOrders, order: Order, seconds: float = 0) -> Order:
    found = orders.claim(order.id, "mine", after(seconds), after(seconds) + LEASE).order
    assert found is not None
    return found


def stuck(operators: PostgresOperators, seconds: float, client_id: str | None = None) -> list[str]:
    return [problem.order.id for problem in operators.stuck(after(seconds), MINUTE, client_id, 10)]


def test_replacing_keys_revokes_all_older_ones_of_that_client_alone(operators: PostgresOperators) -> None:
    other = replace(KEY, key_hash="other", client_id="other")
    operators.replace_keys(KEY, NOW)
    operators.replace_keys(other, NOW)
    second = replace(KEY, key_hash="second", created_at=after(5))
    operators.replace_keys(second, after(5))
    assert operators.api_keys("desk") == (replace(KEY, revoked_at=after(5)), second)
    assert operators.api_keys() == (replace(KEY, revoked_at=after(5)), second, other)


def test_revoking_counts_what_was_valid_and_keeps_when_it_was_revoked(operators: PostgresOperators) -> None:
    operators.replace_keys(KEY, NOW)
    assert operators.revoke_keys("desk", after(1)) == 1
    assert operators.revoke_keys("desk", after(2)) == 0
    assert operators.api_keys("desk") == (replace(KEY, revoked_at=after(1)),)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), KEY),
        (Limits(sets_rate=True, orders_per_minute=5), replace(KEY, orders_per_minute=5)),
        (Limits(sets_rate=True), replace(KEY, orders_per_minute=None)),
        (Limits(sets_amounts=True, max_amounts={"USDC": 1}), replace(KEY, max_amounts={"USDC": 1})),
        (Limits(sets_amounts=True), replace(KEY, max_amounts=None)),
    ],
)
def test_only_what_is_named_is_set(operators: PostgresOperators, limits: Limits, expected: ApiKey) -> None:
    for key in (KEY, replace(KEY, key_hash="other", client_id="other")):
        operators.replace_keys(key, NOW)
    assert operators.limit_keys("desk", limits) == (expected,)
    assert operators.api_keys("desk") == (expected,)


def test_a_revoked_key_gets_no_limits(operators: PostgresOperators) -> None:
    operators.replace_keys(KEY, NOW)
    operators.revoke_keys("desk", NOW)
    assert operators.limit_keys("desk", Limits(sets_rate=True)) == ()


def test_an_order_without_an_event_for_too_long_is_stuck(
    operators: PostgresOperators, orders: PostgresOrders
) -> None:
    waiting, going = placed(orders), placed(orders, "other")
    assert stuck(operators, MINUTE - 1) == []
    claimed(orders, going, MINUTE - 1)
    assert stuck(operators, MINUTE) == [waiting.id]
    assert stuck(operators, 2 * MINUTE) == [waiting.id, going.id]
    assert stuck(operators, 2 * MINUTE, "other") == [going.id]


def test_an_order_that_may_not_start_yet_is_not_stuck(
    operators: PostgresOperators, orders: PostgresOrders
) -> None:
    for _ in range(3):
        last = orders.place(new_order(), SLOW, None).order
    starts_s = (last.run_at - NOW).total_seconds()
    assert starts_s > 0
    assert last.id not in stuck(operators, starts_s + MINUTE - 1)
    assert last.id in stuck(operators, starts_s + MINUTE)
    resumed = claimed(orders, placed(orders))
    orders.release(resumed, after(600))
    assert resumed.id not in stuck(operators, 599)
    assert resumed.id in stuck(operators, 600)


def test_failed_orders_come_newest_first_with_their_reason(
    operators: PostgresOperators, orders: PostgresOrders
) -> None:
    error = Failure("no_venue", "no venue answered")
    ids = []
    for client_id in ("desk", "other", "desk"):
        order = claimed(orders, placed(orders, client_id))
        orders.save(fail(order, NOW, error))
        ids.append(order.id)
    placed(orders)
    assert [problem.order.id for problem in operators.failed(None, 10)] == ids[::-1]
    (newest,) = operators.failed("desk", 1)
    assert newest.order.id == ids[2]
    assert newest.order.error == error
    assert newest.detail == error
    assert not set(ids) & set(stuck(operators, 10 * MINUTE))


def test_what_is_stuck_failed_or_parked_is_told_by_its_status(
    operators: PostgresOperators, store: Backend
) -> None:
    for client in ("alice", "bob"):
        store.api_keys.add(trading_key(client))
    orders, _ = in_every_status(store), in_every_status(store, "bob")

    def statuses(found: tuple[ProblemOrder, ...]) -> list[Status]:
        assert not any(one.is_keyless for one in found)
        return sorted(one.order.status for one in found)

    assert statuses(operators.stuck(after(600), MINUTE, "alice", 99)) == sorted(CLAIMABLE)
    assert statuses(operators.stuck(after(600), MINUTE, None, 99)) == sorted([*CLAIMABLE, *CLAIMABLE])
    assert len(operators.stuck(after(600), MINUTE, None, 1)) == 1
    assert statuses(operators.failed("bob", 99)) == [Status.FAILED]
    leased = (Status.ROUTING, Status.BUILDING, Status.SUBMITTED)
    for status in leased:
        store.orders.end_round(orders[status], NOW, 3, parks=True)
    assert statuses(operators.parked(None, 99)) == sorted(leased)
    assert (operators.parked("bob", 99), len(operators.parked("alice", 1))) == ((), 1)
    assert store.orders.parked() == len(leased)
    store.control.cancel([orders[Status.ROUTING].id], NOW, BY_CLIENT)
    assert statuses(operators.parked(None, 99)) == sorted(leased[1:])
    assert store.orders.parked() == len(leased) - 1


def test_an_order_is_found_whoevers_it_is(operators: PostgresOperators, orders: PostgresOrders) -> None:
    order = placed(orders, "anybody")
    assert operators.order(order.id) == order
    assert operators.order("ord_none") is None


def test_parked_orders_are_listed_the_longest_first(
    operators: PostgresOperators, orders: PostgresOrders
) -> None:
    parked = [claimed(orders, placed(orders, client_id)) for client_id in ("desk", "other")]
    placed(orders)
    for seconds, order in enumerate(reversed(parked)):
        orders.end_round(order, after(seconds), 3, parks=True)
    assert [problem.order.id for problem in operators.parked(None, 10)] == [parked[1].id, parked[0].id]
    assert [problem.order.id for problem in operators.parked("desk", 10)] == [parked[0].id]
    assert orders.unpark(parked[0].id, after(9))
    assert operators.parked("desk", 10) == ()
