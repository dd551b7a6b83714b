"""Notifies watchers and webhooks of events that no executor wrote: cancelled and amended orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.order import Order
from dexec.ports import Clock, Watching, Written
from dexec.usecases.notify import Notifier

NOTIFY_S = 1
"""How long a call waits at most for the connections that hear of what it wrote."""

MOST_NOTIFIED = 100
"""Orders of one call that are notified of: each has its deliveries recorded, which is a call of the store."""

_LEFT_FREE_S = 1
"""What a notifier keeps free of the time that it is given."""


@dataclass(frozen=True, slots=True)
class NotifyOrders:
    """The use case; ``hint`` notifies the sender of webhooks.

    Nothing that fails here is raised, and what there was no time for is left: the sweeper delivers the last
    events of orders, and queues what is due to webhooks.
    """

    watching: Watching
    clock: Clock
    new_notifier: Callable[[], Notifier]
    hint: Callable[[Order], None]

    def __call__(self, written: Sequence[Written]) -> None:
        """Push the events of each order to its watchers, all at once, and hint at them."""
        ends_at = self.clock.now() + timedelta(seconds=NOTIFY_S + _LEFT_FREE_S)
        with suppress(Unavailable, OutcomeUnknown), ExitStack() as notifiers:
            for one in written[:MOST_NOTIFIED]:
                if one.watchers:
                    notifier = notifiers.enter_context(self.new_notifier().until(ends_at))
                    notifier.notify(one.events, one.watchers)
            self.watching.watch_later(
                [(one.order.id, to.connection_id) for one in written[MOST_NOTIFIED:] for to in one.watchers]
            )
        for one in written:
            if self.clock.now() >= ends_at:
                return
            self.hint(one.order)
