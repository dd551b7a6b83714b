"""The report of one run of an order: what its log lines and metrics are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dexec.domain.order import Event, Order


@dataclass(frozen=True, slots=True)
class Report:
    """One run; ``claimed`` and ``order`` are the order at its claim and at its end.

    ``events`` are all of the order so far, those of earlier runs too; ``push_failures`` counts the
    connections that did not receive all events.
    """

    claimed: Order
    order: Order
    events: tuple[Event, ...]
    push_failures: int

    @property
    def waited(self) -> timedelta:
        """How long the order lay on the queue after it was due."""
        return max(self.claimed.updated_at - self.claimed.run_at, timedelta(0))

    @property
    def own_events(self) -> tuple[Event, ...]:
        """The events that this run wrote."""
        return tuple(event for event in self.events if event.at >= self.claimed.updated_at)


Reporting = Callable[[Report], None]


def keep_quiet(_: Report) -> None:
    """Discard the report."""
