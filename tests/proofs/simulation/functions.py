"""What functions do: each method is one invocation, a process of its own."""

from __future__ import annotations

import math
from datetime import timedelta

from dexec.ports import Connection
from dexec.usecases.settle_dead_letter import Letter
from dexec.usecases.steps import RESERVE_S
from tests.proofs.simulation.deployment import Deployment
from tests.support.fakes import Message

FUNCTION_S = 20


class Functions(Deployment):
    """A deployment whose functions are invoked."""

    def deliver(self) -> bool:
        """Give one visible message to an executor; False when there is none."""
        message = self.queue.receive()
        if message is not None:
            self._process(lambda: self._execute(message))
        return message is not None

    def _execute(self, message: Message) -> None:
        ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
        redelivery = self.execute_order(message.order_id, message.receives, ends_at)
        if redelivery is None:
            self.queue.delete(message.receipt)
        else:
            self.queue.postpone(message.receipt, max(1, math.ceil(redelivery.delay_s)))

    def settle_one(self) -> bool:
        """Settle one dead letter; False when there is none to be seen."""
        letter = self.dead_letters.receive()
        if letter is not None:
            ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
            fate = self._process(lambda: self.settle_letter(letter.order_id, ends_at))
            if fate not in (None, Letter.KEPT):
                self.dead_letters.delete(letter.receipt)
        return letter is not None

    def sweep(self) -> None:
        """Run the sweeper."""
        ends_at = self.clock.now() + timedelta(seconds=FUNCTION_S)
        self._process(lambda: self.sweep_up(ends_at))

    def replay_events(self) -> None:
        """Run the asynchronous invocations that wait."""
        while self.event_replay.waiting:
            self._replay_events_of(*self.event_replay.waiting.pop(0))

    def _replay_events_of(self, order_id: str, connection: Connection) -> None:
        one, client_id = connection.connection_id, connection.client_id
        self._process(lambda: self.watch_orders.replay_events(order_id, client_id, one))

    def tick(self, ticks: float = 1) -> None:
        """Run the trigger function for some ticks, of a second each; it ends where nothing waits."""
        ends_at = self.clock.now() + timedelta(seconds=RESERVE_S + ticks - 0.5)
        self._process(lambda: self.watch_market(0, ends_at))
