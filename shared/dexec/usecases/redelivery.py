"""When the message of an order is to be delivered again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dexec.domain.claims import ClaimOutcome
from dexec.domain.order import Order

INFRASTRUCTURE_DELAYS_S = (1, 2, 4, 8, 15)
PAUSED_DELAY_S = 15
KEYLESS_DELAY_S = 60
SHORT_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Redelivery:
    """The message is to be delivered again, after ``delay_s``."""

    delay_s: float
    reason: str


class Stop(Exception):
    """The run ends here and its message is redelivered."""

    def __init__(self, redelivery: Redelivery) -> None:
        self.redelivery = redelivery


def not_claimed(outcome: ClaimOutcome, order: Order, now: datetime) -> Redelivery:
    """Return the redelivery of an order that cannot be claimed now."""
    if outcome is ClaimOutcome.PAUSED:
        return Redelivery(PAUSED_DELAY_S, "execution is paused")
    if outcome is ClaimOutcome.HALTED:
        return Redelivery(PAUSED_DELAY_S, "trading is halted")
    if outcome is ClaimOutcome.KEYLESS:
        return Redelivery(KEYLESS_DELAY_S, "its client has no valid API key")
    if outcome is ClaimOutcome.NOT_YET:
        return Redelivery((order.run_at - now).total_seconds(), "not due yet")
    left_s = ((order.lease_until or now) - now).total_seconds()
    return Redelivery(max(SHORT_WAIT_S, left_s), "it is leased by another executor")


def after_outage(receives: int, reason: str, jitter: float) -> Redelivery:
    """Return the redelivery after an infrastructure error: sooner at first, then every 15 s."""
    base_s = INFRASTRUCTURE_DELAYS_S[min(max(receives, 1), len(INFRASTRUCTURE_DELAYS_S)) - 1]
    return Redelivery(base_s * (1 + 0.25 * jitter), reason)
