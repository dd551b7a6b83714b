"""Builds the maintenance use cases: sweeps, retention, webhooks, measurements, halts."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from dexec.composition.market import Market
from dexec.composition.notifying import Notifying

if TYPE_CHECKING:
    from dexec.usecases.check_readiness import CheckReadiness
    from dexec.usecases.deliver_webhooks import DeliverWebhooks
    from dexec.usecases.forget import Forget
    from dexec.usecases.halt import Halt
    from dexec.usecases.measure_waiting import MeasureWaiting
    from dexec.usecases.sweep import Sweep
    from dexec.usecases.sweep_webhooks import SweepWebhooks


class Operating(Market, Notifying):
    """What keeps a deployment in order."""

    @cached_property
    def sweep(self) -> Sweep:
        """Re-queues lost orders and delivers missed events."""
        from dexec.usecases.sweep import Sweep

        return Sweep(self.orders, self.watching, self.queue, self.push, self.clock, self.new_notifier)

    @cached_property
    def forget(self) -> Forget:
        """Deletes what is older than the retention."""
        from dexec.usecases.forget import Forget

        return Forget(self.archive, self.clock, self.settings.retention_days)

    @cached_property
    def deliver_webhooks(self) -> DeliverWebhooks:
        """Sends to endpoints."""
        from dexec.api.webhooks import event_body, ping_body
        from dexec.usecases.deliver_webhooks import DeliverWebhooks

        return DeliverWebhooks(
            self.outbox,
            self.webhooks,
            self.post,
            self.hook_queue,
            self.clock,
            event_body,
            ping_body,
            self.new_token,
            self.jitter,
            timedelta(days=self.settings.webhook_disable_days),
        )

    @cached_property
    def sweep_webhooks(self) -> SweepWebhooks:
        """Queues what is due to endpoints, and deletes old records."""
        from dexec.usecases.sweep_webhooks import SweepWebhooks

        days = self.settings.webhook_retention_days
        return SweepWebhooks(self.outbox, self.hook_queue, self.clock, days)

    @cached_property
    def measure_waiting(self) -> MeasureWaiting:
        """Measures what waits."""
        from dexec.usecases.measure_waiting import MeasureWaiting

        return MeasureWaiting(self.waiting, self.clock, self.settings.trigger_shards)

    @cached_property
    def check_readiness(self) -> CheckReadiness:
        """Checks whether orders can be taken."""
        from dexec.usecases.check_readiness import CheckReadiness

        return CheckReadiness({"order store": self.store_probe, "order queue": self.queue}, self.clock)

    @cached_property
    def halt(self) -> Halt:
        """Stops what is being signed."""
        from dexec.usecases.halt import Halt

        return Halt(self.control, self.clock, self.settings.lease_seconds)
