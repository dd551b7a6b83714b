"""The paper signer: signs with a key derived from the seed and the client."""

from __future__ import annotations

from dexec.adapters.paper import transaction as wire
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import SwapPlan
from dexec.ports import Blockhash


class PaperSigner:
    """Builds and signs paper transactions; keys follow from the seed and are stored nowhere."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def sign(self, order_id: str, client_id: str, plan: SwapPlan, blockhash: Blockhash) -> SignedTransaction:
        """Return the signed transaction that carries ``plan`` out for the client's wallet."""
        return wire.encode(self._seed, order_id, client_id, plan, blockhash)
