"""The ``Control`` port: what operators do to execution, across all clients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import UNSIGNED, Status
from dexec.domain.order import Event, Order, Withdrawal
from dexec.ports.watching import Watcher

MOST_ORDERS = 500
"""Orders to one call of ``fence``: Aurora DSQL writes at most 3,000 rows in a transaction."""

MOST_CANCELLED = 100
"""Orders to one call of ``cancel``.

With its event and their indexes, an order that is cancelled is six rows, its waiting rows are nine more, and
its held exit is as many again: thirty, of 3,000.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """An order after a call that wrote ``events`` of it, and the watchers to notify of these."""

    order: Order
    events: tuple[Event, ...]
    watchers: tuple[Watcher, ...]


@dataclass(frozen=True, slots=True)
class Cancels:
    """What a cancel did: the orders that it ended, held exits of theirs among them, and on which it is noted.

    Those are submitted: they are cancelled if their transaction does not fill them.
    """

    ended: tuple[Written, ...] = ()
    noted: tuple[str, ...] = ()


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

    def cancellable(self, client_id: str, after_id: str, limit: int) -> tuple[Order, ...]:
        """Return a client's orders that are not over, after the one of that id, oldest first."""

    def cancel(
        self, order_ids: Sequence[str], now: datetime, why: Withdrawal | Failure, client_id: str | None = None
    ) -> Cancels:
        """End those orders, of one client or of any, that have no signature, whoever holds them.

        They are cancelled, with their held exits; on what is submitted it is noted. For a ``Failure`` they
        end as failed, as all readers know it, and nothing is noted. What ended is watched by its client's
        streams, so that it is ``undelivered`` until they are notified; of very many, by some.
        """

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return those of the orders that exist, of any client."""
