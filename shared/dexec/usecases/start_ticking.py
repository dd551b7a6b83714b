"""Starts the function that ticks a book, beside its schedule, when something begins to wait in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.order import Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.ticks import shard_of
from dexec.ports import Clock, Starter, Waiting


@dataclass(frozen=True, slots=True)
class StartTicking:
    """The use case: it is called after the order is committed, and nothing that fails here is raised.

    The function gives its lease up before it looks for the last time. So it sees the order, or the lease is
    seen to be free here; and the schedule starts one within a minute in any case.
    """

    waiting: Waiting
    starter: Starter
    clock: Clock
    shards: int

    def __call__(self, order: Order) -> None:
        """Have the book of an order ticked soon."""
        shard = shard_of(Pair(order.request.token_in, order.request.token_out), self.shards)
        with suppress(Unavailable, OutcomeUnknown):
            if not self.waiting.is_ticked(shard, self.clock.now()):
                self.starter.start(shard)
