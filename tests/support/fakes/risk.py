"""The ``Risk`` port in memory, and how a save counts in a day's usage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Change, Order
from dexec.domain.risk import RiskLimits, check_day
from tests.support.fakes.store import Store


class FakeRisk:
    """Risk limits and usage."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def limits(self, client_id: str | None = None) -> Mapping[str, RiskLimits]:
        with self._store.lock:
            found = sorted(self._store.risk_limits.items())
            return {client: limits for client, limits in found if client_id in (None, client)}

    def set(self, client_id: str, limits: RiskLimits, now: datetime) -> None:
        with self._store.lock:
            self._store.risk_limits[client_id] = limits

    def clear(self, client_id: str) -> bool:
        with self._store.lock:
            return self._store.risk_limits.pop(client_id, None) is not None

    def used(self, client_id: str, day: date, token: str) -> int:
        with self._store.lock:
            return self._store.risk_days[client_id, day, token]

    def waiting(self, client_id: str, most: int) -> int:
        with self._store.lock:
            return min(most, sum(order.status in RESTING for order in self._orders(client_id)))

    def committing(self, client_id: str) -> tuple[Order, ...]:
        with self._store.lock:
            orders = self._orders(client_id)
            return tuple(one for one in orders if not one.is_terminal and one.status is not Status.HELD)

    def _orders(self, client_id: str) -> list[Order]:
        return [row.order for row in self._store.orders.values() if row.order.client_id == client_id]


def count_usage(store: Store, change: Change) -> None:
    """Count a change of what an order is reserved for; raise ``RiskRefused`` where that is too much."""
    seen, reserved, client = change.before.reserved, change.after.reserved, change.after.client_id
    known = seen or reserved
    if known is None or seen == reserved:
        return
    amount = (reserved.amount if reserved else 0) - (seen.amount if seen else 0)
    key = (client, known.day, known.token)
    if seen is None and client in store.risk_limits:
        check_day(store.risk_limits[client], store.risk_days[key], amount)
    store.risk_days[key] += amount
