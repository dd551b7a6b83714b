"""The paper chain: a simulated market, cluster, signer and wallets.

The engine imports this module and no other of the folder; experiments and tests also ``simulator``.
"""

from dexec.adapters.paper.chain import paper_chain, paper_held, paper_ledger

__all__ = ["paper_chain", "paper_held", "paper_ledger"]
