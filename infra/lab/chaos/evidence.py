"""Reads the outcome of orders from the database, as evidence for experiments and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from dexec_client.raw.events import TERMINAL

_OUTCOMES = """
    SELECT o.id, o.status, o.error::json ->> 'code',
        array_agg(e.seq ORDER BY e.seq), array_agg(e.status ORDER BY e.seq),
        (
            SELECT count(*) FROM paper.transactions t
            JOIN paper.entries d ON d.signature = t.signature
            WHERE t.order_id = o.id AND d.account LIKE 'wallet:%%' AND d.amount < 0
        )
    FROM orders o JOIN order_events e ON e.order_id = o.id
    WHERE o.id = ANY(%s)
    GROUP BY o.id
"""
_UNBALANCED = "SELECT mint, sum(amount) FROM paper.entries GROUP BY mint HAVING sum(amount) <> 0"


class Outcome(NamedTuple):
    """An order as stored: its error's code, its events' seqs and statuses, its wallet's debits on chain."""

    order_id: str
    status: str
    error: str | None
    seqs: list[int]
    statuses: list[str]
    debits: int

    @property
    def terminal(self) -> bool:
        """Whether it is over."""
        return self.status in TERMINAL

    @property
    def complete(self) -> bool:
        """Whether its events count from 1 without a gap and end, once, in the order's own status."""
        ends = [status for status in self.statuses if status in TERMINAL]
        return self.seqs == list(range(1, len(self.seqs) + 1)) and ends == [self.status] == self.statuses[-1:]

    @property
    def paid_once(self) -> bool:
        """Whether its wallet was debited exactly as often as its end says: once, or not at all."""
        return self.debits == (1 if self.status == "confirmed" else 0)


def outcomes(database_url: str, order_ids: Sequence[str]) -> dict[str, Outcome]:
    """Return what became of some orders; one that is not stored is missing."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_OUTCOMES, [list(order_ids)]).fetchall()
    return {row[0]: Outcome(*row) for row in rows}


def unbalanced(database_url: str) -> dict[str, int]:
    """Return the mints whose ledger entries do not sum to zero, and what they sum to."""
    with psycopg.connect(database_url) as connection:
        return {mint: int(total) for mint, total in connection.execute(_UNBALANCED).fetchall()}
