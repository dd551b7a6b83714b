"""Claims: which orders an executor may lease, and the outcome for those that it may not."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

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


def claim_outcome(order: Order, token: str, now: datetime, *, paused: bool, keyless: bool) -> ClaimOutcome:
    """Return what a claim under the lease ``token`` comes to; the first obstacle is the one that counts.

    ``paused`` is the switch, ``keyless`` whether the client has no valid key: both hold back what is
    unsigned only. What is submitted settles.
    """
    unsigned = order.status in UNSIGNED
    is_leased = order.lease_until is not None and order.lease_until > now and order.lease_token != token
    obstacles = (
        (order.is_terminal, ClaimOutcome.TERMINAL),
        (order.status in RESTING, ClaimOutcome.RESTING),
        (order.parked_at is not None, ClaimOutcome.PARKED),
        (is_leased, ClaimOutcome.HELD),
        (order.run_at > now, ClaimOutcome.NOT_YET),
        (unsigned and paused, ClaimOutcome.PAUSED),
        (unsigned and keyless, ClaimOutcome.KEYLESS),
    )
    return next((outcome for stands, outcome in obstacles if stands), ClaimOutcome.CLAIMED)
