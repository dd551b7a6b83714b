"""The paper chain: a simulated market, cluster, signer and wallets.

The engine imports this module and no other of the folder; experiments and tests also ``simulator``.
"""

from typing import TYPE_CHECKING

from dexec.adapters.paper.chain import paper_chain, paper_desk, paper_held, paper_ledger

if TYPE_CHECKING:
    from dexec.adapters.paper.desk import PaperDesk as PaperDesk

__all__ = ["paper_chain", "paper_desk", "paper_held", "paper_ledger"]
