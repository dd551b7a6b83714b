"""Builds the use cases that process orders: trigger, execute, settle dead letters."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dexec.composition.market import Market
from dexec.composition.notifying import Notifying

if TYPE_CHECKING:
    from dexec.usecases.execute_order import ExecuteOrder
    from dexec.usecases.settle_dead_letter import SettleDeadLetter
    from dexec.usecases.watch_market import WatchMarket


class Executing(Market, Notifying):
    """What becomes of orders."""

    @cached_property
    def execute_order(self) -> ExecuteOrder:
        """Executes orders."""
        from dexec.usecases.execute_order import ExecuteOrder, Limits

        settings = self.settings
        return ExecuteOrder(
            self.orders,
            self.chain.cluster,
            self.chain.signer,
            self.chain.wallets,
            self.quote_route,
            self.clock,
            self.new_notifier,
            self.new_token,
            self.jitter,
            Limits(
                settings.max_attempts,
                settings.lease_seconds,
                settings.stop_before_end_ms / 1000,
                settings.quote_max_age_ms / 1000,
                settings.poll_ms / 1000,
            ),
            self._hint,
            self._hint_soon,
            self._notify_exit,
            settings.waiting_orders,
            self._check_signing,
        )

    @cached_property
    def settle_dead_letter(self) -> SettleDeadLetter:
        """Settles dead letters."""
        from dexec.usecases.settle_dead_letter import SettleDeadLetter

        return SettleDeadLetter(
            self.orders,
            self.queue,
            self.chain.outcomes,
            self.clock,
            self.new_notifier,
            self.new_token,
            self.settings.lease_seconds,
            self._hint,
            self._notify_exit,
        )

    @cached_property
    def watch_market(self) -> WatchMarket:
        """Ticks the books in which something waits, and triggers what is due."""
        from dexec.usecases.announce_changes import AnnounceChanges
        from dexec.usecases.judge_tick import JudgeTick
        from dexec.usecases.watch_market import WatchMarket

        settings = self.settings
        announce = AnnounceChanges(
            self.queue, self.watching, self.clock, self.new_notifier, self._hint_soon, self._notify_exit
        )
        return WatchMarket(
            self.waiting,
            self.orders,
            self.queue,
            self.reference,
            self.clock,
            self.new_token,
            JudgeTick(self.waiting, self.clock, announce, settings.leg_cost_lamports),
            settings.tick_ms / 1000,
            settings.trigger_shards,
        )
