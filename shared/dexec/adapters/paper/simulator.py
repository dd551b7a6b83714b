"""The simulator's public parts (market, ledger, latencies) for experiments and tests."""

from dexec.adapters.paper.latency import LATENCIES
from dexec.adapters.paper.ledger import STARTING_BALANCES, Booking, Entry, Moves, PaperLedger, Posting
from dexec.adapters.paper.limit_orders import VENUES_WITH_ORDERS
from dexec.adapters.paper.market import VENUES, PaperMarket
from dexec.adapters.paper.pools import PAPER_VENUES, PPM, PoolMaker, Sketch
from dexec.adapters.paper.slots import BLOCKHASH_SLOTS, SLOT

__all__ = [
    "BLOCKHASH_SLOTS",
    "LATENCIES",
    "PAPER_VENUES",
    "PPM",
    "SLOT",
    "STARTING_BALANCES",
    "VENUES",
    "VENUES_WITH_ORDERS",
    "Booking",
    "Entry",
    "Moves",
    "PaperLedger",
    "PaperMarket",
    "PoolMaker",
    "Posting",
    "Sketch",
]
