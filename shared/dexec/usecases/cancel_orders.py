"""Cancels orders that have no signature yet; submitted ones settle on chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dexec.domain.errors import Cancelled as CancelledEnding
from dexec.domain.errors import Ending, KeyRevoked, NotFound
from dexec.domain.lifecycle import Status
from dexec.ports import MOST_ORDERS, Clock, Control

CANCELLED = CancelledEnding("cancelled by an operator before anything was signed")
KEY_REVOKED = KeyRevoked("cancelled before anything was signed: the API key of its client was revoked")


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of orders: ended by this call, submitted and therefore too late, or over before."""

    cancelled: tuple[str, ...]
    too_late: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """The use case. A cancelled order is ``failed`` with the code of ``why``; its watchers are notified by
    the run of its pending message, or by the sweeper."""

    control: Control
    clock: Clock

    def of_client(self, client_id: str, why: Ending = CANCELLED) -> tuple[str, ...]:
        """Cancel a client's orders that have no signature; return which."""
        cancelled: list[str] = []
        is_last = False
        while not is_last:
            found = self.control.cancellable(client_id, MOST_ORDERS)
            is_last = len(found) < MOST_ORDERS
            cancelled += self._cancel(found, why)
        return tuple(cancelled)

    def by_id(self, order_ids: Sequence[str], why: Ending = CANCELLED) -> Cancelled:
        """Cancel these orders; raise ``NotFound``, before any is cancelled, when one of them is unknown."""
        unknown = set(order_ids) - {order.id for order in self.control.orders(order_ids)}
        if unknown:
            raise NotFound(f"there is no order {min(unknown)}; nothing was cancelled")
        cancelled: list[str] = []
        for start in range(0, len(order_ids), MOST_ORDERS):
            cancelled += self._cancel(order_ids[start : start + MOST_ORDERS], why)
        others = [order for order in self.control.orders(order_ids) if order.id not in set(cancelled)]
        late = [order.id for order in others if order.status is Status.SUBMITTED]
        over = [order.id for order in others if order.id not in late]
        return Cancelled(tuple(cancelled), tuple(sorted(late)), tuple(sorted(over)))

    def _cancel(self, order_ids: Sequence[str], why: Ending) -> tuple[str, ...]:
        return self.control.cancel(order_ids, self.clock.now(), why.failure())
