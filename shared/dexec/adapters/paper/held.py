"""What a paper wallet holds, read in the round trip in which an order of it is claimed.

The ledger lies in the order store's database, so a claim can bring the balance along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.tokens import TOKENS


class PaperHeld:
    """Reads the wallet of an order's client."""

    def statement(self, order_id: str) -> Statement:
        """Return what is to be read beside the claim of an order."""
        return Statement("paper_held", {"id": order_id})

    def balances(self, found: Sequence[Row]) -> dict[str, int]:
        """Return base units by token symbol; none for a wallet without its first funds."""
        held = {cast(str, row["mint"]): cast(int, row["amount"]) for row in found}
        return {token.symbol: held[token.mint] for token in TOKENS.values() if token.mint in held}
