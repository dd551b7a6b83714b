"""The state machine of an order: its statuses and the allowed transitions, as data."""

from __future__ import annotations

from enum import StrEnum

from dexec.domain.errors import IllegalTransition


class Status(StrEnum):
    """The status of an order."""

    PENDING = "pending"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class Step(StrEnum):
    """A step within a status; most events have none."""

    QUOTES = "quotes"


TERMINAL = frozenset({Status.CONFIRMED, Status.FAILED})

UNSIGNED = frozenset({Status.PENDING, Status.ROUTING, Status.BUILDING})
"""Open, and nothing is signed that could still land: such an order can be cancelled."""

SIGNING = frozenset({Status.BUILDING, Status.SUBMITTED})
"""Entering these leads to a signature, or stores one: that is refused while execution is halted."""

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.ROUTING, Status.FAILED}),
    # routing to routing is the step "quotes", or a new attempt after the venues failed.
    Status.ROUTING: frozenset({Status.ROUTING, Status.BUILDING, Status.FAILED}),
    Status.BUILDING: frozenset({Status.ROUTING, Status.SUBMITTED, Status.FAILED}),
    Status.SUBMITTED: frozenset({Status.ROUTING, Status.CONFIRMED, Status.FAILED}),
    Status.CONFIRMED: frozenset(),
    Status.FAILED: frozenset(),
}


def check_transition(before: Status, after: Status) -> None:
    """Raise ``IllegalTransition`` unless the table lists the step."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"an order cannot go from {before} to {after}")
