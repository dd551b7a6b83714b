"""Halts execution: once it returns, nothing new is signed, whatever executors are doing at the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from dexec.domain.errors import DexecError, OutcomeUnknown, Unavailable
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import UNSIGNED
from dexec.domain.order import Order
from dexec.ports import MOST_ORDERS, Clock, Control

LOOK_AGAIN_S = 1.0


def _quietly(_: float) -> None:
    """Say nothing of how long a halt waits."""


class HaltUnconfirmed(DexecError):
    """The halt holds from now on, but a signature that was being stored may still be."""


@dataclass(frozen=True, slots=True)
class Halted:
    """What executors were about to sign when a halt came: by order, stopped before it or signed meanwhile."""

    stopped: tuple[str, ...]
    signed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Halt:
    """The use case.

    The statement that stores a signature looks at the switch and at the client's keys, but one that began
    before the halt was committed does not see it, and may commit later. Such an order is leased, in routing
    or building, right after the halt. Its lease is taken away, on the row that the statement writes: from
    then on the signature is stored already, or never will be. An executor without its lease stops and hands
    the order back; no attempt is lost. ``lease_s`` is how long an executor's lease lasts.
    """

    control: Control
    clock: Clock
    lease_s: float

    def everything(self) -> Halted:
        """Pause execution; raise ``HaltUnconfirmed`` where what was being signed could not be stopped."""
        switch = Switch(Stop.PAUSED, self.clock.now())
        self.control.stop(switch)
        return self._fenced(None)

    def client(self, client_id: str) -> Halted:
        """Stop what is being signed for a client that has no valid key any more; raise as ``everything``."""
        return self._fenced(client_id)

    def trading(self, switch: Switch, waiting: Callable[[float], None] = _quietly) -> Halted:
        """Set a switch, and return once what it holds back is not being signed any more.

        While the store does not say whether it is, this asks again, until every lease that was taken before
        the switch has run out; ``waiting`` is called with the most seconds for which it will go on. Raises
        ``HaltUnconfirmed`` then; what the store raises, where the switch could not be set.
        """
        self.control.stop(switch)
        until = self.clock.now() + timedelta(seconds=self.lease_s)
        while True:
            try:
                return self._fenced(switch.client_id, switch)
            except HaltUnconfirmed:
                left_s = (until - self.clock.now()).total_seconds()
                if left_s <= 0:
                    raise
                waiting(left_s)
                self.clock.sleep(min(LOOK_AGAIN_S, left_s))

    def _fenced(self, client_id: str | None, switch: Switch | None = None) -> Halted:
        try:
            found = self.control.leased(client_id)
            leased = [one for one in found if switch is None or _is_held(switch, one)]
            now: list[Order] = []
            for start in range(0, len(leased), MOST_ORDERS):
                now += self.control.fence([order.id for order in leased[start : start + MOST_ORDERS]])
        except (Unavailable, OutcomeUnknown) as exc:
            raise HaltUnconfirmed(f"what was being signed just now may still be sent: {exc}") from exc
        before = {order.id: order for order in leased}
        signed = _ids(order for order in now if _was_signed(before[order.id], order))
        stopped = _ids(order for order in now if order.status in UNSIGNED and order.id not in signed)
        return Halted(stopped, signed)


def _is_held(switch: Switch, order: Order) -> bool:
    return switch.holds(order.client_id, order.request.token_out)


def _was_signed(before: Order, now: Order) -> bool:
    return now.transaction is not None or now.attempt > before.attempt


def _ids(orders: Iterable[Order]) -> tuple[str, ...]:
    return tuple(sorted(order.id for order in orders))
