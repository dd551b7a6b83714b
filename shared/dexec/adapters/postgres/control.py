"""The ``Control`` port on PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import cast

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_writes import closing
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch, switch_name
from dexec.domain.lifecycle import Status
from dexec.domain.order import Event, Order, Withdrawal
from dexec.domain.withdrawals import OF_EXIT
from dexec.ports import Cancels, Standing, Written


class PostgresControl:
    """The switches that stop trading, fences of leases, cancellation; raises what ``Database`` raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stop(self, switch: Switch) -> None:
        """Set a switch."""
        params = {"name": switch.name, "now": switch.set_at, "token_out": switch.token_out}
        self._database.fetch(Statement("set_switch", params), Repeat.HARMLESS)

    def lift(self, stops: Collection[Stop], client_id: str | None) -> tuple[Switch, ...]:
        """Take the switches of these kinds off; return which were set."""
        names = [switch_name(stop, client_id) for stop in stops]
        found = self._database.fetch(Statement("lift_switches", {"names": names}), Repeat.HARMLESS)
        return tuple(sorted(map(rows.to_switch, found), key=lambda one: one.name))

    def switches(self) -> tuple[Switch, ...]:
        """Return the switches that are set, by name."""
        return tuple(map(rows.to_switch, self._database.fetch(Statement("switches", {}), Repeat.READ)))

    def leased(self, client_id: str | None) -> tuple[Order, ...]:
        """Return orders that an executor holds in routing or building."""
        found = self._database.fetch(Statement("leased_orders", {"client_id": client_id}), Repeat.READ)
        return tuple(map(rows.to_order, found))

    def fence(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Take the leases of those orders that are still routing or building; return all as they are then."""
        params = {"order_ids": list(order_ids)}
        _, (found,) = self._database.transact(
            [Statement("fence_orders", params)], [Statement("orders_by_id", params)], Repeat.HARMLESS
        )
        return tuple(map(rows.to_order, found))

    def standing(self, client_id: str | None) -> Standing:
        """Count open orders of one client, or of all."""
        found = self._database.fetch(Statement("open_orders", {"client_id": client_id}), Repeat.READ)
        return Standing.of({Status(cast(str, row["status"])): cast(int, row["orders"]) for row in found})

    def cancellable(self, client_id: str, after_id: str, limit: int) -> tuple[Order, ...]:
        """Return a client's orders that are not over, oldest first."""
        params = {"client_id": client_id, "after_id": after_id, "limit": limit}
        found = self._database.fetch(Statement("cancellable_orders", params), Repeat.READ)
        return tuple(map(rows.to_order, found))

    def cancel(
        self, order_ids: Sequence[str], now: datetime, why: Withdrawal | Failure, client_id: str | None = None
    ) -> Cancels:
        """End those orders that have no signature, and their held exits; note it on what is submitted."""
        ids = {"order_ids": list(order_ids)}
        (found, exits, _), (watching,) = self._database.transact(
            [
                Statement("cancel_orders", {**ids, **_to_cancel(why), "now": now, "client_id": client_id}),
                *closing(order_ids, now),
            ],
            [Statement("watchers_of_orders", ids)],
            Repeat.NEVER,
        )
        watchers = defaultdict(list)
        for row in watching:
            watchers[row["order_id"]].append(rows.to_watcher(row))
        ended: list[Written] = []
        noted: list[str] = []
        for order, detail in _with_details(found, why, exits):
            if order.is_terminal:
                ended.append(Written(order, (_last_event(order, detail),), tuple(watchers[order.id])))
            else:
                noted.append(order.id)
        return Cancels(tuple(sorted(ended, key=lambda one: one.order.id)), tuple(sorted(noted)))

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return those of the orders that exist, of any client."""
        params = {"order_ids": list(order_ids)}
        return tuple(map(rows.to_order, self._database.fetch(Statement("orders_by_id", params), Repeat.READ)))


def _to_cancel(why: Withdrawal | Failure) -> dict[str, object]:
    status, by, error = (
        (Status.CANCELLED, why.by, why.error) if isinstance(why, Withdrawal) else (Status.FAILED, None, why)
    )
    return {
        "status": status.value,
        "by": by,
        "error": encoding.dump_failure(error),
        "detail": encoding.dump_detail(why),
    }


def _with_details(
    found: Iterable[Row], why: Withdrawal | Failure, exits: Iterable[Row]
) -> Iterator[tuple[Order, Withdrawal | Failure]]:
    yield from ((rows.to_order(row), why) for row in found)
    yield from ((rows.to_order(row), OF_EXIT) for row in exits)


def _last_event(order: Order, detail: Withdrawal | Failure) -> Event:
    return Event(order.id, order.seq, order.status, None, order.attempt, detail, order.updated_at)
