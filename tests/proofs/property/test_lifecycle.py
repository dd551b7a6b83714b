"""The lifecycle: what the table does not list raises; every walk over it is a history without gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexec.domain.errors import IllegalTransition
from dexec.domain.lifecycle import (
    ACTIVE,
    CLAIMABLE,
    RESTING,
    RULES,
    TERMINAL,
    Status,
    Step,
    check_transition,
)
from dexec.domain.order import Change, Order, build, confirm, fail, submit, try_again
from tests.contract.samples import FILL, NOW, ROUTE, TRANSACTION, after, failure, new_order

statuses = st.sampled_from(Status)
ROUTING = replace(new_order().order, status=Status.ROUTING, seq=2, lease_token="token", lease_until=after(25))


@given(statuses, statuses)
def test_what_is_not_listed_raises(before: Status, then: Status) -> None:
    change = Change.of(replace(ROUTING, status=before))
    if then in RULES[before].then:
        assert change.then(then, NOW).after.status is then
    else:
        with pytest.raises(IllegalTransition):
            change.then(then, NOW)


@given(st.lists(statuses, max_size=12))
def test_a_walk_is_a_history_without_gaps(wanted: list[Status]) -> None:
    change = Change.of(ROUTING)
    for number, status in enumerate(wanted):
        if status in RULES[change.after.status].then:
            change = change.then(status, NOW + timedelta(seconds=number))
    seqs = [event.seq for event in change.events]
    assert seqs == list(range(3, 3 + len(seqs)))
    assert change.after.seq == 2 + len(seqs)
    assert [change.before.status, *(event.status for event in change.events)][-1] is change.after.status
    path = [Status.ROUTING, *(event.status for event in change.events)]
    assert all(later in RULES[earlier].then for earlier, later in pairwise(path))


def test_an_order_that_is_over_stays_over() -> None:
    for status in TERMINAL:
        for then in Status:
            with pytest.raises(IllegalTransition):
                check_transition(status, then)


def test_every_state_is_reached_and_has_a_way_to_an_end() -> None:
    reached = {Status.PENDING, Status.OPEN, Status.HELD}
    while more := {then for status in reached for then in RULES[status].then} - reached:
        reached |= more
    assert reached == set(Status)
    for end in (Status.CANCELLED, Status.EXPIRED):
        assert all(end in RULES[status].then for status in ACTIVE)
    assert all(Status.FAILED in RULES[status].then for status in CLAIMABLE)


def test_what_rests_never_fails_by_itself_and_only_what_is_executed_goes_back_to_rest() -> None:
    for status in RESTING:
        assert Status.FAILED not in RULES[status].then
        assert not RULES[status].then & (CLAIMABLE - {Status.TRIGGERED})
    assert {status for status in CLAIMABLE if Status.OPEN in RULES[status].then} == CLAIMABLE - {
        Status.PENDING
    }


def test_a_clean_run_has_six_events() -> None:
    building = build(ROUTING, NOW, ROUTE)
    submitted = submit(building.after, NOW, TRANSACTION)
    confirmed = confirm(submitted.after, NOW, FILL)
    events = [*building.events, *submitted.events, *confirmed.events]
    assert [(event.seq, event.status, event.step) for event in events] == [
        (3, Status.ROUTING, Step.QUOTES),
        (4, Status.BUILDING, None),
        (5, Status.SUBMITTED, None),
        (6, Status.CONFIRMED, None),
    ]
    order = confirmed.after
    assert (order.lease_token, order.lease_until, order.is_terminal) == (None, None, True)
    assert (order.route, order.signature, order.fill) == (
        ROUTE, TRANSACTION.signature, FILL
    )  # fmt: skip


def submitted_order() -> Order:
    return submit(build(ROUTING, NOW, ROUTE).after, NOW, TRANSACTION).after


def test_a_new_attempt_starts_from_nothing_and_keeps_the_lease() -> None:
    change = try_again(submitted_order(), after(1), failure("slippage_exceeded"))
    order, (event,) = change.after, change.events
    assert (order.status, order.attempt, order.route, order.transaction) == (Status.ROUTING, 2, None, None)
    assert order.lease_token == "token"
    assert (event.attempt, event.detail) == (2, failure("slippage_exceeded"))
    assert change.releasing(after(3)).after.run_at == after(3)


def test_a_failure_says_why_and_ends_the_lease() -> None:
    change = fail(submitted_order(), after(1), failure("insufficient_funds"))
    assert change.after.error == failure("insufficient_funds")
    assert change.after.lease_token is None
    with pytest.raises(IllegalTransition):
        fail(change.after, after(2), failure("again"))
