"""Amends an order that waits: all that is wanted, or nothing, and only as its client knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dexec.domain.errors import NO_SUCH_ORDER, NotFound
from dexec.domain.ids import is_order_id
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Order
from dexec.domain.waiting.amendment import Wanted, amended
from dexec.domain.waiting.refusals import not_amendable
from dexec.domain.waiting.steps import amend
from dexec.ports import ApiKey, Clock, Orders, Written
from dexec.usecases.tell_orders import tell_nobody

Judge = Callable[[Order, ApiKey], None]
"""Raises why an order, as it would be amended, could not be placed so by the holder of a key.

``WouldTrigger``, ``ExitsCross``, ``NoPrice``; ``Invalid`` for an amount that the key does not allow.
"""


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """The use case; ``judge`` judges an order by the newest tick as when it is placed."""

    orders: Orders
    clock: Clock
    judge: Judge
    tell: Callable[[Sequence[Written]], None] = tell_nobody

    def __call__(self, order_id: str, caller: ApiKey, seq: int, wanted: Wanted) -> None:
        """Write what the client wants instead, if the order still waits and is at this ``seq``.

        Raises ``NotFound``, ``NotWaiting``, ``StaleSeq``, ``Invalid`` and what ``judge`` raises; nothing is
        changed then.
        """
        found = self.orders.find(order_id, caller.client_id) if is_order_id(order_id) else None
        if found is None:
            raise NotFound(NO_SUCH_ORDER)
        order, _ = found
        if order.waiting is None or order.status not in RESTING or order.seq != seq:
            raise not_amendable(order)
        now = max(self.clock.now(), order.updated_at)
        change = amend(order, now, *amended(order, order.waiting, wanted, now))
        self.judge(change.after, caller)
        watchers = self.orders.amend(change)
        self.tell([Written(change.after, change.events, watchers)])
