"""The ``Control`` port in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch, switch_name
from dexec.domain.lifecycle import PREPARING, UNSIGNED, Status
from dexec.domain.order import Order, Withdrawal, cancel, fail
from dexec.ports import Cancels, Standing, Written
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

    def cancellable(self, client_id: str, after_id: str, limit: int) -> tuple[Order, ...]:
        with self._store.lock:
            rows = self._rows(client_id)
            found = [one.order for one in rows if one.order.id > after_id and not one.order.is_terminal]
        return tuple(sorted(found, key=lambda order: order.id)[:limit])

    def cancel(
        self, order_ids: Sequence[str], now: datetime, why: Withdrawal | Failure, client_id: str | None = None
    ) -> Cancels:
        ended: list[Written] = []
        noted: list[str] = []
        with self._store.lock:
            rows = [row for row in self._rows(client_id) if row.order.id in order_ids]
            # Each is judged by itself: an exit that is named, too, is not cancelled by its entry.
            for row in sorted(rows, key=lambda row: row.order.entry_id is None):
                if row.order.status in UNSIGNED:
                    ended += self._end(row, now, why)
                elif row.order.status is Status.SUBMITTED and isinstance(why, Withdrawal):
                    row.order = replace(row.order, cancelled_by=row.order.cancelled_by or why.by)
                    noted.append(row.order.id)
        return Cancels(tuple(sorted(ended, key=lambda one: one.order.id)), tuple(sorted(noted)))

    def _end(self, row: Row, now: datetime, why: Withdrawal | Failure) -> list[Written]:
        at = max(now, row.order.updated_at)
        held = self._held_exit(row.order)
        if isinstance(why, Withdrawal):
            self._store.write(cancel(row.order, at, why.by, why.error))
        else:
            self._store.write(fail(row.order, at, why))
        self._store.have_streams_hear(row.order)
        # The end of an entry ends its held exit, too.
        return [self._written(row), *map(self._written, held)]

    def _held_exit(self, entry: Order) -> list[Row]:
        found = self._store.orders.get(entry.exit_id or "")
        return [found] if found is not None and found.order.status is Status.HELD else []

    def _written(self, row: Row) -> Written:
        order_id = row.order.id
        return Written(
            row.order,
            tuple(self._store.events[order_id][-1:]),
            self._store.watchers_of(order_id, streams=True),
        )

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        with self._store.lock:
            return tuple(row.order for row in self._rows(None) if row.order.id in order_ids)

    def _rows(self, client_id: str | None) -> list[Row]:
        rows = self._store.orders.values()
        return [row for row in rows if client_id in (None, row.order.client_id)]


def _is_leased(order: Order) -> bool:
    return order.status in PREPARING and order.lease_token is not None
