"""The balances of paper wallets."""

from __future__ import annotations

from dexec.adapters.paper.ledger import PaperLedger
from dexec.domain.tokens import TOKENS


class PaperWallets:
    """What clients hold on paper."""

    def __init__(self, ledger: PaperLedger) -> None:
        self._ledger = ledger

    def balances(self, client_id: str) -> dict[str, int]:
        """Return base units by token symbol."""
        held = self._ledger.balances(client_id)
        return {token.symbol: held.get(token.mint, 0) for token in TOKENS.values()}
