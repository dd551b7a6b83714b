"""Follows up an execution: has the market watched for what waits now, and notifies of a bracket's exit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import Orders, Watcher
from dexec.usecases.notify import Notifier

Notify = Callable[[Order, Sequence[Watcher], datetime], None]
"""Takes an order at the end of its execution, its watchers, and by when it has to be done; never raises."""


@dataclass(frozen=True, slots=True)
class NotifyExit:
    """The use case; ``start_ticking`` is called with what waits, ``hint`` with an exit that has events.

    What is lost here is made up for: the exit's events are sent again when it is executed or has ended, and
    the market is watched again within a minute.
    """

    orders: Orders
    new_notifier: Callable[[], Notifier]
    hint: Callable[[Order], None]
    start_ticking: Callable[[Order], None]

    def __call__(self, order: Order, watchers: Sequence[Watcher], ends_at: datetime) -> None:
        """Have the market watched for ``order`` if it rests; if it has ended, push its exit's last event.

        ``watchers`` are those of the order: they watch its exit as well.
        """
        if order.status is Status.OPEN:
            self.start_ticking(order)
        if order.exit_id is None or not order.is_terminal:
            return
        with suppress(Unavailable, OutcomeUnknown):
            found = self.orders.find(order.exit_id, order.client_id)
            if found is None:
                return
            exit_order, events = found
            with self.new_notifier().until(ends_at) as notifier:
                notifier.notify(events[-1:], watchers)
            self.hint(exit_order)
            if exit_order.status is Status.OPEN:
                self.start_ticking(exit_order)
