"""Halts execution: once it returns, nothing new is signed, whatever executors are doing at the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dexec.domain.errors import DexecError, OutcomeUnknown, Unavailable
from dexec.domain.lifecycle import UNSIGNED
from dexec.domain.order import Order
from dexec.ports import MOST_ORDERS, Clock, Control


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
    the order back; no attempt is lost.
    """

    control: Control
    clock: Clock

    def everything(self) -> Halted:
        """Pause execution; raise ``HaltUnconfirmed`` where what was being signed could not be stopped."""
        self.control.pause(self.clock.now())
        return self._fenced(None)

    def client(self, client_id: str) -> Halted:
        """Stop what is being signed for a client that has no valid key any more; raise as ``everything``."""
        return self._fenced(client_id)

    def _fenced(self, client_id: str | None) -> Halted:
        try:
            leased = self.control.leased(client_id)
            now: list[Order] = []
            for start in range(0, len(leased), MOST_ORDERS):
                now += self.control.fence([order.id for order in leased[start : start + MOST_ORDERS]])
        except (Unavailable, OutcomeUnknown) as exc:
            raise HaltUnconfirmed(f"what was being signed just now may still be sent: {exc}") from exc
        before = {order.id: order for order in leased}
        signed = _ids(order for order in now if _was_signed(before[order.id], order))
        stopped = _ids(order for order in now if order.status in UNSIGNED and order.id not in signed)
        return Halted(stopped, signed)


def _was_signed(before: Order, now: Order) -> bool:
    return now.transaction is not None or now.attempt > before.attempt


def _ids(orders: Iterable[Order]) -> tuple[str, ...]:
    return tuple(sorted(order.id for order in orders))
