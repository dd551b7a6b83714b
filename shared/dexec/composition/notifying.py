"""Builds notifications: pushes to watchers and streams, hints to webhooks, the start of the trigger."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from dexec.domain.lifecycle import RESTING
from dexec.wiring import Adapters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dexec.domain.order import Event, Order
    from dexec.ports import Watcher, Written
    from dexec.usecases.hint_webhooks import HintWebhooks
    from dexec.usecases.notify import Notifier
    from dexec.usecases.notify_exit import NotifyExit
    from dexec.usecases.notify_orders import NotifyOrders
    from dexec.usecases.start_ticking import StartTicking


class Notifying(Adapters):
    """Who is notified of orders, and how; where there is nobody, nothing is built for it."""

    def new_notifier(self, starts_at: datetime | None = None) -> Notifier:
        """Return the notifier of one order's watchers; each run has its own.

        Its frames say when the order's turn comes, where ``starts_at`` is given.
        """
        from dexec.api.frames import first_frame
        from dexec.usecases.notify import Notifier

        return Notifier(
            self.push,
            self.watching,
            self.clock,
            self.push_threads,
            partial(first_frame, starts_at=starts_at),
            deadline_s=self.settings.push_deadline_ms / 1000,
            gather_s=self.gather_s,
            slow_threads=self.slow_push_threads,
            waiting=self.push_wait,
        )

    def announce_order(
        self, order: Order, event: Event, watcher: str | None, streams: Sequence[Watcher] | None
    ) -> None:
        """Notify streams of an order that waits; what that takes is built where there may be some."""
        if streams is None or streams:
            from dexec.usecases.announce_order import AnnounceOrder

            AnnounceOrder(self.watching, self.clock, self.new_notifier)(order, event, watcher, streams)

    @cached_property
    def hint_webhooks(self) -> HintWebhooks:
        """Notifies the sender of webhooks of new events."""
        from dexec.usecases.hint_webhooks import HintWebhooks

        return HintWebhooks(self.hook_queue, self.push_threads)

    def _hint(self, order: Order) -> None:
        """Notify the sender of webhooks of an order, where its client has some."""
        if order.hooks:
            self.hint_webhooks(order)

    def _hint_soon(self, order: Order) -> None:
        if order.hooks:
            self.hint_webhooks.soon(order)

    @cached_property
    def notify_orders(self) -> NotifyOrders:
        """Notifies watchers and webhooks of cancelled and amended orders."""
        from dexec.usecases.notify_orders import NotifyOrders

        return NotifyOrders(self.watching, self.clock, self.new_notifier, self._hint)

    def _notify(self, written: Sequence[Written]) -> None:
        """Notify of what no executor wrote; what that takes is built where there is someone to notify."""
        if any(one.watchers or one.order.hooks for one in written):
            self.notify_orders(written)

    @cached_property
    def notify_exit(self) -> NotifyExit:
        """Notifies of exits that are opened or cancelled."""
        from dexec.usecases.notify_exit import NotifyExit

        return NotifyExit(self.orders, self.new_notifier, self._hint, self._start_ticking)

    def _notify_exit(self, order: Order, watchers: Sequence[Watcher], ends_at: datetime) -> None:
        """Notify of what waits because of an execution; of most orders, nothing does."""
        if order.exit_id is not None or order.status in RESTING:
            self.notify_exit(order, watchers, ends_at)

    @cached_property
    def start_ticking(self) -> StartTicking:
        """Starts the function that ticks a book, where none does."""
        from dexec.usecases.start_ticking import StartTicking

        return StartTicking(self.waiting, self.starter, self.clock, self.settings.trigger_shards)

    def _start_ticking(self, order: Order) -> None:
        """Have the market watched for what waits; what that takes is built when such an order comes."""
        self.start_ticking(order)
