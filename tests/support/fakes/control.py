"""The ``Control`` port in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch, switch_name
from dexec.domain.lifecycle import PREPARING, UNSIGNED
from dexec.domain.order import Order, fail
from dexec.ports import Standing
from tests.support.fakes.store import Row, Store


class FakeControl:
    """The switches that stop trading, leases taken away, and cancelling."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def stop(self, switch: Switch) -> None:
        with self._store.lock:
            old = self._store.switches.get(switch.name, switch)
            self._store.switches[switch.name] = replace(switch, set_at=old.set_at)

    def lift(self, stops: Collection[Stop], client_id: str | None) -> tuple[Switch, ...]:
        with self._store.lock:
            names = sorted(switch_name(stop, client_id) for stop in stops)
            lifted = [self._store.switches.pop(name, None) for name in names]
        return tuple(one for one in lifted if one is not None)

    def switches(self) -> tuple[Switch, ...]:
        with self._store.lock:
            return tuple(sorted(self._store.switches.values(), key=lambda one: one.name))

    def leased(self, client_id: str | None) -> tuple[Order, ...]:
        with self._store.lock:
            return tuple(row.order for row in self._rows(client_id) if _is_leased(row.order))

    def fence(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        with self._store.lock:
            for one in order_ids:
                row = self._store.orders[one]
                if _is_leased(row.order):
                    row.order = replace(row.order, lease_token=None, lease_until=None)
            return self.orders(order_ids)

    def standing(self, client_id: str | None) -> Standing:
        with self._store.lock:
            return Standing.of(Counter(row.order.status for row in self._rows(client_id)))

    def cancellable(self, client_id: str, limit: int) -> tuple[str, ...]:
        with self._store.lock:
            found = [row.order.id for row in self._rows(client_id) if row.order.status in UNSIGNED]
        return tuple(sorted(found)[:limit])

    def cancel(self, order_ids: Sequence[str], now: datetime, error: Failure) -> tuple[str, ...]:
        cancelled = []
        with self._store.lock:
            for one in order_ids:
                row = self._store.orders.get(one)
                if row is not None and row.order.status in UNSIGNED:
                    self._cancel(row, max(now, row.order.updated_at), error)
                    cancelled.append(one)
        return tuple(sorted(cancelled))

    def _cancel(self, row: Row, at: datetime, error: Failure) -> None:
        change = fail(row.order, at, error)
        row.order = change.after
        self._store.events[row.order.id].extend(change.events)

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        with self._store.lock:
            return tuple(row.order for row in self._rows(None) if row.order.id in order_ids)

    def _rows(self, client_id: str | None) -> list[Row]:
        rows = self._store.orders.values()
        return [row for row in rows if client_id in (None, row.order.client_id)]


def _is_leased(order: Order) -> bool:
    return order.status in PREPARING and order.lease_token is not None
