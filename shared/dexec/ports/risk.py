"""The ``Risk`` port: what a client may trade, and what it has used of a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from dexec.domain.order import Order
from dexec.domain.risk import RiskLimits


class Risk(Protocol):
    """Limits and usage. Signatures are counted by ``Orders.save``, in the transaction that stores them."""

    def limits(self, client_id: str | None = None) -> Mapping[str, RiskLimits]:
        """Return the limits of all clients that have some, or of one client, by client."""

    def set(self, client_id: str, limits: RiskLimits, now: datetime) -> None:
        """Store a client's limits in the place of those that it had."""

    def clear(self, client_id: str) -> bool:
        """Remove a client's limits; False when it had none."""

    def used(self, client_id: str, day: date, token: str) -> int:
        """Return what a client's signatures of a UTC day count for, base units of a settlement token."""

    def waiting(self, client_id: str, most: int) -> int:
        """Return how many orders of a client wait for their price, ``most`` at the most."""

    def committing(self, client_id: str) -> tuple[Order, ...]:
        """Return a client's orders that are not over, but the exits that are held."""
