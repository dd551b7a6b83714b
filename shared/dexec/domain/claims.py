"""Claims: which orders an executor may lease, and the outcome for those that it may not."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from dexec.domain.halts import Stop
from dexec.domain.lifecycle import RESTING, UNSIGNED
from dexec.domain.order import Order


class ClaimOutcome(Enum):
    """What a claim came to."""

    CLAIMED = auto()
    MISSING = auto()
    TERMINAL = auto()
    RESTING = auto()
    """It waits for its price, or for its entry: a message of it is from before, and done with."""
    HELD = auto()
    NOT_YET = auto()
    PAUSED = auto()
    PARKED = auto()
    KEYLESS = auto()
    """The order's client has no valid API key: it waits until there is one, or is cancelled."""

    HALTED = auto()
    """Operators have halted what the order would do: it waits until they resume."""


def claim_outcome(
    order: Order, token: str, now: datetime, *, held_by: Stop | None, keyless: bool
) -> ClaimOutcome:
    """Return what a claim under the lease ``token`` comes to; the first obstacle is the one that counts.

    ``held_by`` is the switch that holds the order back, ``keyless`` whether the client has no valid key: both
    hold back what is unsigned only. What is submitted settles; what waits for its price is taken, and rests.
    """
    unsigned = order.status in UNSIGNED and order.waiting is None
    is_leased = order.lease_until is not None and order.lease_until > now and order.lease_token != token
    obstacles = (
        (order.is_terminal, ClaimOutcome.TERMINAL),
        (order.status in RESTING, ClaimOutcome.RESTING),
        (order.parked_at is not None, ClaimOutcome.PARKED),
        (is_leased, ClaimOutcome.HELD),
        (order.run_at > now, ClaimOutcome.NOT_YET),
        (unsigned and held_by is Stop.PAUSED, ClaimOutcome.PAUSED),
        (unsigned and held_by is not None, ClaimOutcome.HALTED),
        (unsigned and keyless, ClaimOutcome.KEYLESS),
    )
    return next((outcome for stands, outcome in obstacles if stands), ClaimOutcome.CLAIMED)
