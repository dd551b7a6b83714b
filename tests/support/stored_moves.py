"""Moves of the paper market, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from dexec.adapters.paper.simulator import PaperLedger, PriceMove
from dexec.adapters.postgres.database import Database

LEAD = 6
"""Slots from now in which a move begins, with the default latency: 2.4 s."""


class StoredMoves(PaperLedger):
    """The tape's half of the ledger, in memory."""

    def __init__(self) -> None:
        super().__init__(cast(Database, None))
        self.moves: list[PriceMove] = []

    def price_moves(self, since: int = 0) -> list[PriceMove]:
        return [move for move in self.moves if move.slot >= since]

    def add_price_moves(self, moves: Sequence[PriceMove]) -> None:
        self.moves += moves
