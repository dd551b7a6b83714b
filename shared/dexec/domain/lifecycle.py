"""The state machine of an order: its statuses and the allowed transitions, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dexec.domain.errors import IllegalTransition


class Status(StrEnum):
    """The status of an order."""

    HELD = "held"
    OPEN = "open"
    TRIGGERED = "triggered"
    PENDING = "pending"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Step(StrEnum):
    """A step within a status; most events have none."""

    QUOTES = "quotes"
    RELEASED = "released"
    AMENDED = "amended"
    ACTIVATED = "activated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for an order in one status.

    ``then`` are the statuses that may follow; none ends the order. ``rests``: it waits for its price, or for
    another order, and no executor takes it. ``is_claimable``: an executor may take it,
    under the conditions of ``dexec.domain.claims``. ``restarts``: a claim begins its routing, whatever an
    earlier executor did. ``is_unsigned``: no transaction that is stored could still land, so it
    may be cancelled. ``prepares``: the executor that holds it may be about to sign. ``signs``: entering it
    leads to a signature, or stores one.
    """

    then: frozenset[Status]
    rests: bool = False
    is_claimable: bool = False
    restarts: bool = False
    is_unsigned: bool = False
    prepares: bool = False
    signs: bool = False


_UNFILLED = frozenset({Status.CANCELLED, Status.EXPIRED})
_GIVEN_UP = _UNFILLED | {Status.OPEN, Status.FAILED}
"""What follows an attempt that did not fill: only what waits goes back to open."""

RULES: dict[Status, Rules] = {
    # The exit of a bracket, until its entry is filled. Held to held, and open to open, are steps.
    Status.HELD: Rules(_UNFILLED | {Status.HELD, Status.OPEN}, rests=True, is_unsigned=True),
    Status.OPEN: Rules(_UNFILLED | {Status.OPEN, Status.TRIGGERED}, rests=True, is_unsigned=True),
    Status.TRIGGERED: Rules(_GIVEN_UP | {Status.ROUTING}, is_claimable=True, restarts=True, is_unsigned=True),
    Status.PENDING: Rules(
        _UNFILLED | {Status.ROUTING, Status.FAILED},
        is_claimable=True,
        restarts=True,
        is_unsigned=True,
    ),
    # routing to routing is the step "quotes", or a new attempt after the venues failed.
    Status.ROUTING: Rules(
        _GIVEN_UP | {Status.ROUTING, Status.BUILDING},
        is_claimable=True,
        is_unsigned=True,
        prepares=True,
    ),
    Status.BUILDING: Rules(
        _GIVEN_UP | {Status.ROUTING, Status.SUBMITTED},
        is_claimable=True,
        restarts=True,
        is_unsigned=True,
        prepares=True,
        signs=True,
    ),
    # Anything but confirmed only when the transaction can no longer land, or has failed on chain.
    Status.SUBMITTED: Rules(
        _GIVEN_UP | {Status.ROUTING, Status.CONFIRMED},
        is_claimable=True,
        signs=True,
    ),
    Status.CONFIRMED: Rules(frozenset()),
    Status.FAILED: Rules(frozenset()),
    Status.CANCELLED: Rules(frozenset()),
    Status.EXPIRED: Rules(frozenset()),
}
"""The lifecycle: everything below, the statements of the store and its fake follow this table."""

TERMINAL = frozenset(status for status, rules in RULES.items() if not rules.then)
"""Nothing more happens to such an order."""

ACTIVE = frozenset(RULES) - TERMINAL
"""Such an order is not over."""

RESTING = frozenset(status for status, rules in RULES.items() if rules.rests)
"""Such an order waits for its price, or for the order that it is the exit of."""

CLAIMABLE = frozenset(status for status, rules in RULES.items() if rules.is_claimable)
"""An executor may take such an order; one that is due and has no message is lost."""

UNSIGNED = frozenset(status for status, rules in RULES.items() if rules.is_unsigned)
"""Such an order can be cancelled."""

RESTARTED = frozenset(status for status, rules in RULES.items() if rules.restarts)
"""A claim begins the routing of such an order."""

PREPARING = frozenset(status for status, rules in RULES.items() if rules.prepares)
"""A halt takes the leases of such orders away."""

SIGNING = frozenset(status for status, rules in RULES.items() if rules.signs)
"""Entering these is refused while execution is halted."""

COUNTED = frozenset({Status.SUBMITTED, Status.CONFIRMED})
"""Such an order counts in the day's usage of a client that has a limit."""


def check_transition(before: Status, after: Status) -> None:
    """Raise ``IllegalTransition`` unless the table lists the step."""
    if after not in RULES[before].then:
        raise IllegalTransition(f"an order cannot go from {before} to {after}")
