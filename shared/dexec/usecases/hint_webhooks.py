"""Hints to the sender of webhooks that an order has new events; a lost hint only delays them."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

from dexec.domain.errors import QueueUnavailable
from dexec.domain.order import Order
from dexec.ports import Hint, HookQueue


@dataclass(frozen=True, slots=True)
class HintWebhooks:
    """The use case: nothing is called for an order of a client without endpoints."""

    queue: HookQueue
    threads: Executor

    def __call__(self, order: Order) -> None:
        """Put a message on the queue for each endpoint; where that fails, the sweeper does it later."""
        for hook_id in order.hooks:
            with suppress(QueueUnavailable):
                self.queue.send(Hint(hook_id, order.id, order.client_id), 0)

    def soon(self, order: Order) -> None:
        """Do so beside what the caller does next."""
        if order.hooks:
            self.threads.submit(self, order)
