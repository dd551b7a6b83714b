"""The operators' queries: API keys, and orders of all clients that failed, are stuck or are parked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.api_keys import add_statement
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.order import Detail, Order
from dexec.ports import ApiKey


@dataclass(frozen=True, slots=True)
class ProblemOrder:
    """An order that needs attention, and its last event's time and detail.

    ``is_keyless``: its client has no valid API key, so that it waits.
    """

    order: Order
    since: datetime
    detail: Detail
    is_keyless: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """New limits of a client's keys; what is not ``sets_…`` stays as it is."""

    sets_rate: bool = False
    orders_per_minute: int | None = None
    sets_amounts: bool = False
    max_amounts: Mapping[str, int] | None = None


class PostgresOperators:
    """Keys, and orders that failed, are stuck or are parked; raises what ``Database`` raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def api_keys(self, client_id: str | None = None) -> tuple[ApiKey, ...]:
        """Return all keys, or one client's, revoked ones too."""
        found = self._database.fetch(Statement("list_api_keys", {"client_id": client_id}), Repeat.READ)
        return tuple(map(rows.to_api_key, found))

    def replace_keys(self, key: ApiKey, now: datetime) -> None:
        """Revoke all keys of a key's client and store this one, both or neither."""
        revoke = Statement("revoke_api_keys", {"client_id": key.client_id, "now": now})
        self._database.transact([revoke, add_statement(key)], [], Repeat.HARMLESS)

    def revoke_keys(self, client_id: str, now: datetime) -> int:
        """Revoke a client's keys and return how many were valid until now."""
        params = {"client_id": client_id, "now": now}
        return len(self._database.fetch(Statement("revoke_api_keys", params), Repeat.HARMLESS))

    def limit_keys(self, client_id: str, limits: Limits) -> tuple[ApiKey, ...]:
        """Set limits of a client's valid keys and return them."""
        params = {
            "client_id": client_id,
            "sets_rate": limits.sets_rate,
            "orders_per_minute": limits.orders_per_minute,
            "sets_amounts": limits.sets_amounts,
            "max_amounts": encoding.dump_amounts(limits.max_amounts),
        }
        found = self._database.fetch(Statement("limit_api_keys", params), Repeat.HARMLESS)
        return tuple(map(rows.to_api_key, found))

    def order(self, order_id: str) -> Order | None:
        """Return an order of any client."""
        found = self._database.fetch(Statement("order_of_any_client", {"id": order_id}), Repeat.READ)
        return rows.to_order(found[0]) if found else None

    def failed(self, client_id: str | None, limit: int) -> tuple[ProblemOrder, ...]:
        """Return orders that failed, newest first."""
        params = {"client_id": client_id, "limit": limit}
        return self._problems(Statement("failed_orders", params))

    def stuck(
        self, now: datetime, older_than_s: float, client_id: str | None, limit: int
    ) -> tuple[ProblemOrder, ...]:
        """Return open orders that could run and had no event for ``older_than_s``, the longest first."""
        stale_before = now - timedelta(seconds=older_than_s)
        params = {"now": now, "stale_before": stale_before, "client_id": client_id, "limit": limit}
        return self._problems(Statement("stuck_orders", params))

    def parked(self, client_id: str | None, limit: int) -> tuple[ProblemOrder, ...]:
        """Return parked orders, the longest first."""
        params = {"client_id": client_id, "limit": limit}
        return self._problems(Statement("parked_orders", params))

    def _problems(self, statement: Statement) -> tuple[ProblemOrder, ...]:
        return tuple(map(_problem, self._database.fetch(statement, Repeat.READ)))


def _problem(row: Row) -> ProblemOrder:
    order = rows.to_order(row)
    step = rows.to_step(row["event_step"])
    detail = encoding.load_detail(order.status, step, cast(str, row["event_detail"]))
    return ProblemOrder(order, rows.moment(row["event_at"]), detail, bool(row["keyless"]))
