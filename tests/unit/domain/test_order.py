"""The steps of an order, one at a time: what each changes, and what it leaves as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.errors import IllegalTransition
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Change, Event, build, confirm, fail, routed, submit, take, try_again
from dexec.domain.risk import Reservation
from tests.contract.samples import FILL, NOW, ROUTE, TRANSACTION, after, failure, new_order

PENDING = new_order().order
HELD = replace(PENDING, status=Status.ROUTING, seq=2, lease_token="token", lease_until=after(25))


def decided(seq: int, attempt: int, amount_out: int) -> Event:
    """Return the event of a routing decision."""
    route = replace(ROUTE, amount_out=amount_out)
    return Event(PENDING.id, seq, Status.ROUTING, Step.QUOTES, attempt, route, NOW)


def test_a_claim_takes_the_lease_and_begins_routing_where_nothing_is_signed() -> None:
    change = take(PENDING, after(1), "token", after(26))
    assert change.after == replace(
        PENDING,
        status=Status.ROUTING,
        seq=2,
        lease_token="token",
        lease_until=after(26),
        updated_at=after(1),
    )
    assert change.events == (Event(PENDING.id, 2, Status.ROUTING, None, 1, None, after(1)),)


@pytest.mark.parametrize("status", [Status.ROUTING, Status.SUBMITTED])
def test_a_claim_of_what_goes_on_takes_the_lease_alone(status: Status) -> None:
    order = replace(HELD, status=status)
    change = take(order, after(30), "mine", after(55))
    assert change.after == replace(order, lease_token="mine", lease_until=after(55), updated_at=after(30))
    assert change.events == ()


@pytest.mark.parametrize(
    ("before", "then", "signs"),
    [
        (Status.ROUTING, Status.BUILDING, True),
        (Status.BUILDING, Status.SUBMITTED, True),
        (Status.SUBMITTED, Status.SUBMITTED, False),
        (Status.ROUTING, Status.ROUTING, False),
        (Status.SUBMITTED, Status.CONFIRMED, False),
    ],
)
def test_a_change_signs_where_it_enters_building_or_submitted(
    before: Status, then: Status, signs: bool
) -> None:
    assert Change(replace(HELD, status=before), replace(HELD, status=then)).signs is signs


def test_an_order_has_the_route_that_its_current_attempt_took_last() -> None:
    order = replace(HELD, attempt=2, route=replace(ROUTE, amount_out=1))
    events = [decided(3, 1, 10), decided(5, 2, 20), decided(7, 2, 30), decided(9, 3, 40)]
    found = routed(order, events).route
    assert found is not None
    assert found.amount_out == 30
    assert routed(order, events[:1]).route is None, "an earlier attempt's route is not its own"
    without = replace(order, route=None)
    assert routed(without, []) is without


def test_a_transaction_gives_an_order_its_signature() -> None:
    assert HELD.signature is None
    order = submit(build(HELD, NOW, ROUTE).after, NOW, TRANSACTION).after
    assert order.signature == "signature"
    assert try_again(order, NOW, failure("x")).after.signature is None


def test_a_released_order_keeps_its_start_unless_another_is_named() -> None:
    change = take(PENDING, NOW, "token", after(25)).releasing()
    assert (change.after.run_at, change.after.lease_token, change.after.lease_until) == (NOW, None, None)
    assert len(change.events) == 1
    assert change.releasing(after(9)).after.run_at == after(9)


def test_a_new_order_has_been_round_the_dead_letters_no_time() -> None:
    assert (PENDING.rounds, PENDING.parked_at, PENDING.is_terminal) == (0, None, False)


@pytest.mark.parametrize(("expires_s", "is_late"), [(None, False), (1.001, False), (1, True), (0.999, True)])
def test_an_order_is_late_from_its_deadline_on(expires_s: float | None, is_late: bool) -> None:
    order = replace(PENDING, expires_at=None if expires_s is None else after(expires_s))
    assert order.is_late(after(1)) is is_late


@pytest.mark.parametrize("before", [Status.SUBMITTED, Status.ROUTING])
def test_a_cancel_that_was_noted_stands_against_what_goes_on_after_a_signature(before: Status) -> None:
    found = {
        one for one in Status if Change(replace(HELD, status=before), replace(HELD, status=one)).minds_cancel
    }
    over = {Status.SUBMITTED, Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED}
    assert found == (set(Status) - over if before is Status.SUBMITTED else set())


@pytest.mark.parametrize("exit_id", [None, "ord_exit"])
def test_an_entry_ends_that_has_an_exit_and_is_over(exit_id: str | None) -> None:
    submitted = replace(HELD, status=Status.SUBMITTED, exit_id=exit_id)
    ended = [
        confirm(submitted, NOW, FILL),
        fail(submitted, NOW, failure("x")),
        try_again(submitted, NOW, failure("x")),
    ]
    assert [change.ends_entry for change in ended] == [exit_id is not None, exit_id is not None, False]


def test_what_an_order_counts_for_is_kept_while_it_is_submitted_and_given_back_when_it_is_not_filled() -> (
    None
):
    reserved = Reservation(NOW.date(), 7, "USDC")
    change = submit(build(HELD, NOW, ROUTE).after, NOW, TRANSACTION, reserved)
    assert change.after.reserved == reserved
    again = try_again(change.after, NOW, failure("x")).after
    assert (again.reserved, again.attempt, again.route, again.transaction) == (None, 2, None, None)


def test_the_first_attempt_of_a_market_order_is_one() -> None:
    assert replace(HELD, attempt=3).first_attempt == 1


def test_a_step_that_the_table_forbids_is_none() -> None:
    with pytest.raises(IllegalTransition, match="an order cannot go from pending to confirmed"):
        confirm(PENDING, NOW, FILL)
