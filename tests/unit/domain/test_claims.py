"""What a claim comes to, obstacle by obstacle: the first that stands is the one that counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.claims import ClaimOutcome, claim_outcome
from dexec.domain.halts import Stop
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from tests.contract.samples import NOW, after, new_order

PENDING = new_order().order
SUBMITTED = replace(PENDING, status=Status.SUBMITTED)


def outcome(order: Order, *, held_by: Stop | None = None, keyless: bool = False) -> ClaimOutcome:
    return claim_outcome(order, "mine", NOW, held_by=held_by, keyless=keyless)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (PENDING, ClaimOutcome.CLAIMED),
        (replace(PENDING, run_at=after(0.001)), ClaimOutcome.NOT_YET),
        (replace(PENDING, lease_token="another's", lease_until=NOW), ClaimOutcome.CLAIMED),
        (replace(PENDING, lease_token="another's", lease_until=after(0.001)), ClaimOutcome.HELD),
        (replace(PENDING, lease_token="mine", lease_until=after(1)), ClaimOutcome.CLAIMED),
        (replace(PENDING, parked_at=NOW), ClaimOutcome.PARKED),
        (replace(PENDING, status=Status.TRIGGERED), ClaimOutcome.CLAIMED),
        (replace(PENDING, status=Status.OPEN), ClaimOutcome.RESTING),
        (replace(PENDING, status=Status.HELD, run_at=after(1)), ClaimOutcome.RESTING),
        (replace(PENDING, status=Status.CANCELLED), ClaimOutcome.TERMINAL),
        (replace(PENDING, status=Status.CONFIRMED), ClaimOutcome.TERMINAL),
        (replace(PENDING, status=Status.FAILED), ClaimOutcome.TERMINAL),
    ],
)
def test_an_order_is_claimed_where_nothing_stands_against_it(order: Order, expected: ClaimOutcome) -> None:
    assert outcome(order) is expected


@pytest.mark.parametrize("status", [Status.PENDING, Status.ROUTING, Status.BUILDING])
def test_what_is_unsigned_waits_while_halted_and_what_is_submitted_settles(status: Status) -> None:
    order = replace(PENDING, status=status)
    assert outcome(order, held_by=Stop.PAUSED) is ClaimOutcome.PAUSED
    assert outcome(order, keyless=True) is ClaimOutcome.KEYLESS
    assert outcome(SUBMITTED, held_by=Stop.PAUSED, keyless=True) is ClaimOutcome.CLAIMED


def test_the_first_obstacle_counts() -> None:
    order = replace(PENDING, run_at=after(1))
    assert outcome(PENDING, held_by=Stop.PAUSED, keyless=True) is ClaimOutcome.PAUSED
    assert outcome(order, held_by=Stop.PAUSED) is ClaimOutcome.NOT_YET
    held = replace(order, lease_token="another's", lease_until=after(1))
    assert outcome(held, held_by=Stop.PAUSED) is ClaimOutcome.HELD
    assert outcome(replace(held, parked_at=NOW)) is ClaimOutcome.PARKED
    assert outcome(replace(held, parked_at=NOW, status=Status.FAILED)) is ClaimOutcome.TERMINAL
