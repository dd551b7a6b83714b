"""Reads the stored events of a deployment directly from its database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg


class StoredEvent(NamedTuple):
    """A row of ``order_events``."""

    order_id: str
    seq: int
    status: str
    step: str | None
    attempt: int
    at: datetime


def histories(database_url: str, order_ids: Sequence[str]) -> list[StoredEvent]:
    """Return the stored events of some orders, order by order."""
    query = """
        SELECT order_id, seq, status, step, attempt, at AT TIME ZONE 'UTC'
        FROM order_events WHERE order_id = ANY(%s) ORDER BY order_id, seq
    """
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(query, [list(order_ids)]).fetchall()
    return [StoredEvent(*row) for row in rows]
