"""The ``Archive`` port on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.ports import Forgotten

MOST_ROWS = 2_000
"""Rows after which a transaction takes no further order; the last stays below Aurora DSQL's 3,000."""

MOST_EVENTS = 2_000
"""Events that a transaction deletes at the most: of an order that has more, the rest go with the next."""

MOST_ORDERS = 500


class PostgresArchive:
    """Orders that have ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, ended_before: datetime) -> Forgotten:
        """Delete some orders that ended before a time, oldest first, with all that belongs to them."""
        params = {
            "before": ended_before,
            "limit": MOST_ORDERS,
            "most_rows": MOST_ROWS,
            "most_events": MOST_EVENTS,
        }
        (row,) = self._database.fetch(Statement("forget_orders", params), Repeat.HARMLESS)
        return Forgotten(cast(int, row["orders"]), cast(int, row["events"]))
