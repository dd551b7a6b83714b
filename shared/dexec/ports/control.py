"""The ``Control`` port: what operators do to execution, across all clients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import UNSIGNED, Status
from dexec.domain.order import Order

MOST_ORDERS = 500
"""Orders to one call of ``fence`` or ``cancel``: Aurora DSQL writes at most 3,000 rows in a transaction."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many open orders there are: without a signature, and submitted."""

    waiting: int
    submitted: int

    @classmethod
    def of(cls, counts: Mapping[Status, int]) -> Standing:
        """Return the standing of open orders, counted by status."""
        waiting = sum(count for status, count in counts.items() if status in UNSIGNED)
        return cls(waiting, counts.get(Status.SUBMITTED, 0))


class Control(Protocol):
    """The switches that stop trading, fencing of leases, and cancellation."""

    def stop(self, switch: Switch) -> None:
        """Set a switch; setting it again keeps the time at which it was first set."""

    def lift(self, stops: Collection[Stop], client_id: str | None) -> tuple[Switch, ...]:
        """Take switches off, by kind, those for all or those of one client; return which were set."""

    def switches(self) -> tuple[Switch, ...]:
        """Return the switches that are set, by name."""

    def leased(self, client_id: str | None) -> tuple[Order, ...]:
        """Return orders, of one client or of all, that an executor holds in routing or building."""

    def fence(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Take the leases of those orders that are still routing or building; return all as they are then.

        A save that is under way is decided by this: it has been written, or never will be.
        """

    def standing(self, client_id: str | None) -> Standing:
        """Count open orders of one client, or of all."""

    def cancellable(self, client_id: str, limit: int) -> tuple[str, ...]:
        """Return orders of a client that ``cancel`` would end, oldest first."""

    def cancel(self, order_ids: Sequence[str], now: datetime, error: Failure) -> tuple[str, ...]:
        """End those orders as failed that have no signature, whoever holds them; return which."""

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return those of the orders that exist, of any client."""
