"""The ``Risk`` port on PostgreSQL, and the statements by which a save counts in a day's usage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import cast

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.risk_encoding import dump_limits, dump_reservation, load_limits
from dexec.adapters.postgres.statements import Statement
from dexec.domain.order import Change, Order
from dexec.domain.risk import RiskLimits

DAY_LIMIT = "risk_days_within_limit"
"""The constraint that a reservation breaks where it is beyond the client's limit."""


class PostgresRisk:
    """Risk limits and usage; raises what ``Database`` raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def limits(self, client_id: str | None = None) -> Mapping[str, RiskLimits]:
        """Return the limits of all clients that have some, or of one client."""
        found = self._database.fetch(Statement("risk_limits", {"client_id": client_id}), Repeat.READ)
        read = {cast(str, row["client_id"]): load_limits(cast(str, row["limits"])) for row in found}
        return {client: limits for client, limits in read.items() if limits is not None}

    def set(self, client_id: str, limits: RiskLimits, now: datetime) -> None:
        """Store a client's limits."""
        params = {
            "client_id": client_id,
            "limits": dump_limits(limits),
            "max_daily": limits.max_daily,
            "now": now,
        }
        self._database.fetch(Statement("set_risk_limits", params), Repeat.HARMLESS)

    def clear(self, client_id: str) -> bool:
        """Remove a client's limits; False when it had none."""
        params = {"client_id": client_id}
        return bool(self._database.fetch(Statement("clear_risk_limits", params), Repeat.HARMLESS))

    def used(self, client_id: str, day: date, token: str) -> int:
        """Return what a client's signatures of a UTC day count for."""
        params = {"client_id": client_id, "day": day, "token": token}
        found = self._database.fetch(Statement("risk_used", params), Repeat.READ)
        return int(cast(int, found[0]["used"])) if found else 0

    def waiting(self, client_id: str, most: int) -> int:
        """Return how many orders of a client wait for their price."""
        params = {"client_id": client_id, "most": most}
        (counted,) = self._database.fetch(Statement("count_resting_of_client", params), Repeat.READ)
        return cast(int, counted["orders"])

    def committing(self, client_id: str) -> tuple[Order, ...]:
        """Return a client's orders that are not over, but the exits that are held."""
        statement = Statement("committing_orders", {"client_id": client_id})
        return tuple(map(rows.to_order, self._database.fetch(statement, Repeat.READ)))


def counting(change: Change) -> list[Statement]:
    """Return what a save has to write beside the order: nothing, where it counts for as much as before."""
    seen, reserved, after = change.before.reserved, change.after.reserved, change.after
    known = seen or reserved
    if known is None or seen == reserved:
        return []
    amount = (reserved.amount if reserved else 0) - (seen.amount if seen else 0)
    params = {
        "id": after.id,
        "seq": after.seq,
        "reserved": dump_reservation(reserved),
        "day": known.day,
        "token": known.token,
        "amount": amount,
    }
    if seen is None:
        return [Statement("reserve_day", {**params, "lease_token": after.lease_token})]
    return [Statement("settle_day", {**params, "seen": dump_reservation(seen)})]
