"""The ``Control`` port on PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch, switch_name
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import Standing


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

    def cancellable(self, client_id: str, limit: int) -> tuple[str, ...]:
        """Return orders of a client that ``cancel`` would end, oldest first."""
        params = {"client_id": client_id, "limit": limit}
        found = self._database.fetch(Statement("cancellable_orders", params), Repeat.READ)
        return tuple(cast(str, row["id"]) for row in found)

    def cancel(self, order_ids: Sequence[str], now: datetime, error: Failure) -> tuple[str, ...]:
        """End those orders as failed that have no signature; return which."""
        params = {
            "order_ids": list(order_ids),
            "now": now,
            "error": encoding.dump_failure(error),
            "detail": encoding.dump_detail(error),
        }
        found = self._database.fetch(Statement("cancel_orders", params), Repeat.NEVER)
        return tuple(sorted(cast(str, row["order_id"]) for row in found))

    def orders(self, order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return those of the orders that exist, of any client."""
        params = {"order_ids": list(order_ids)}
        return tuple(map(rows.to_order, self._database.fetch(Statement("orders_by_id", params), Repeat.READ)))
