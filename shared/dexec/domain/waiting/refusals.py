"""Why an order is not amended, in words."""

from __future__ import annotations

from dexec.domain.errors import NotWaiting, StaleSeq
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Order


def not_amendable(order: Order) -> StaleSeq | NotWaiting:
    """Return why an order, as it is now, is not amended as it was seen: it does not wait, or has changed."""
    if order.waiting is None:
        return NotWaiting(f"a market order does not wait, so it cannot be amended; it is {order.status}")
    if order.status not in RESTING:
        return NotWaiting(f"the order does not wait any more: it is {order.status}; nothing was changed")
    return StaleSeq(
        f"the order has changed since: its seq is {order.seq} now; read it again, and amend what it is then"
    )
