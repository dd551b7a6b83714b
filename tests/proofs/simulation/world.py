"""One engine with its surroundings: clients, functions, operators, and time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from dexec.domain.halts import Stop
from dexec.domain.order import Withdrawal
from dexec.domain.withdrawals import BY_OPERATOR
from dexec.ports import ApiKey
from dexec.usecases.halt import Halted
from dexec.usecases.settle_dead_letter import MAX_ROUNDS
from tests.proofs.simulation.clients import MOST, SWAP, Clients
from tests.proofs.simulation.deployment import SETTINGS, SWEEP_EVERY_S
from tests.proofs.simulation.functions import FUNCTION_S, Functions

__all__ = ["FUNCTION_S", "MOST", "SETTINGS", "SWAP", "World"]

PATIENCE_S = 4 * 3600
TICK_EVERY_S = 1
STILL_TICKS = 4
"""After so many ticks in a row that changed nothing, nothing is due: no stop here is confirmed by as many."""

SWINGS = (Fraction(6), Fraction(1, 36), Fraction(36), Fraction(1, 6))
_EXECUTORS = ThreadPoolExecutor(2, "executor")


@dataclass
class World(Clients, Functions):
    """Everything; ``turn`` lets the next thing happen, ``settle`` all of it."""

    # --- operators -----------------------------------------------------------------------------------

    def pause(self, for_s: float | None = None) -> None:
        """Pause execution, until ``resume`` or for some seconds."""
        if for_s is not None:
            self._resumes_at = self.clock.now() + timedelta(seconds=for_s)
        self._halted(None, self.halt.everything)

    def resume(self) -> None:
        """Let execution go on."""
        self._resumes_at = None
        self.backend.control.lift([Stop.PAUSED], None)
        self.leaks.lifted(None)

    def revoke(self, key: ApiKey) -> None:
        """Revoke a client's only key."""
        self.backend.api_keys.add(replace(key, revoked_at=self.clock.now()))
        self._halted(key.client_id, lambda: self.halt.client(key.client_id))

    def restore(self, key: ApiKey) -> None:
        """Give a client its key back."""
        self.backend.api_keys.add(key)
        self.leaks.lifted(key.client_id)

    def cancel(self, caller: ApiKey, why: Withdrawal = BY_OPERATOR) -> None:
        """Cancel a client's orders, as an operator does who repeats it until it is answered."""
        for _ in range(5):
            if self._process(lambda: self.cancel_orders.of_client(caller.client_id, why)) is not None:
                return

    def _halted(self, client_id: str | None, halt: Callable[[], Halted]) -> None:
        """Halt; from the moment at which that has returned nothing new may be signed."""
        if self._process(halt) is not None:
            self.leaks.halted(client_id)

    # --- time ----------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Let one thing happen; False when nothing is due at this moment."""
        if self._resumes_at is not None and self.clock.now() >= self._resumes_at:
            self.resume()
        if self.tape.fired and not self._redelivered:
            self._redelivered = True
            self.redeliver()
        if self.deliver() or self.settle_one():
            return True
        if self.clock.now() >= self._next_sweep:
            self._next_sweep = self.clock.now() + timedelta(seconds=SWEEP_EVERY_S)
            self.sweep()
            return True
        return self._ticked()

    def _ticked(self) -> bool:
        """Run the trigger function for one tick, where it is time and something waits."""
        if not self.has_waited or self.clock.now() < self._next_tick:
            return False
        self._next_tick = self.clock.now() + timedelta(seconds=TICK_EVERY_S)
        if not self.backend.audit.rests().waits:
            return False
        before, ticks = self.backend.audit.rests(), len(self.sightings.slots)
        self.tick()
        is_still = self.backend.audit.rests() == before and not before.cooling
        self._still_ticks = self._still_ticks + (len(self.sightings.slots) - ticks) if is_still else 0
        return True

    def redeliver(self) -> None:
        """Deliver the messages of open orders more than once, as ``redelivery`` says."""
        if self.redelivery == "once":
            return
        self.duplicate()
        if self.redelivery == "at once":
            self.duplicate()
            for future in [_EXECUTORS.submit(self.deliver) for _ in range(2)]:
                future.result()

    def duplicate(self) -> None:
        """Put another message of every open order on the queue."""
        for order, _ in self.backend.audit.histories():
            if not order.is_terminal:
                self.queue.send(order.id, order.client_id, 0)

    def meanwhile(self, seconds: float) -> None:
        """Let time pass and others work while a process stands still between two lines."""
        self.clock.advance(seconds)
        self.duplicate()
        for _ in range(3):
            self.deliver()
        self.settle_one()
        self.sweep()
        if self.has_waited:
            self.tick()

    def settle(self) -> None:
        """Let everything happen until nothing is left to do; raise when that takes hours.

        What waits for another price than the market's, or for a time, waits on.
        """
        self._still_ticks = 0
        until = self.clock.now() + timedelta(seconds=PATIENCE_S)
        while not self.is_quiet():
            if self.tape.fired >= MAX_ROUNDS and self.backend.orders.parked():
                self.release()
            if not self.turn():
                self.clock.advance((self._next_event() - self.clock.now()).total_seconds())
            if self.clock.now() > until:
                raise AssertionError(f"not settled: {self.backend.audit.histories()}")

    def release(self) -> None:
        """Put what is parked back on the queue, as an operator does."""
        for order, _ in self.backend.audit.histories():
            if self.backend.orders.unpark(order.id, self.clock.now()):
                self.queue.send(order.id, order.client_id, 0)

    def drain(self) -> None:
        """Move the market far up and down until every order has had its price; none is left then."""
        for factor in SWINGS * 3:
            if not self.backend.audit.rests().waits:
                return
            self.market.move("SOL", factor)
            self.settle()

    def is_quiet(self) -> bool:
        """Whether nothing is left to do at the market's prices."""
        if self.queue.messages or self.dead_letters.messages or not self.backend.audit.is_settled():
            return False
        if self._resumes_at is not None:
            return False
        return self._still_ticks >= STILL_TICKS or not (self.has_waited and self.backend.audit.rests().waits)

    def _next_event(self) -> datetime:
        queues = (self.queue.next_visible_at(), self.dead_letters.next_visible_at())
        ticks = self._next_tick if self.has_waited else None
        times = (*queues, self._next_sweep, self._resumes_at, ticks)
        return min(time for time in times if time is not None)
