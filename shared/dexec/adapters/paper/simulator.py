"""The simulator's public parts (market, tape, ledger, latencies) for experiments, tools and tests."""

from dexec.adapters.paper.desk import PaperDesk, Written, allowed_s
from dexec.adapters.paper.latency import LATENCIES, Latency
from dexec.adapters.paper.ledger import STARTING_BALANCES, Booking, Entry, Moves, PaperLedger, Posting
from dexec.adapters.paper.limit_orders import VENUES_WITH_ORDERS
from dexec.adapters.paper.live_tape import ALLOWANCE_SLOTS, READ_SLOTS, LiveTape, horizon_slots, lead_slots
from dexec.adapters.paper.market import VENUES, PaperMarket
from dexec.adapters.paper.pools import PAPER_VENUES, PPM, PaperPool, PoolMaker, Sketch
from dexec.adapters.paper.slots import BLOCKHASH_SLOTS, SLOT, slot_at, time_of
from dexec.adapters.paper.tape import NO_TAPE, PriceMove, Tape, in_words
from dexec.adapters.paper.tape_script import ScriptedMove, configured_tape, one_move, parse_script

__all__ = [
    "ALLOWANCE_SLOTS",
    "BLOCKHASH_SLOTS",
    "LATENCIES",
    "NO_TAPE",
    "PAPER_VENUES",
    "PPM",
    "READ_SLOTS",
    "SLOT",
    "STARTING_BALANCES",
    "VENUES",
    "VENUES_WITH_ORDERS",
    "Booking",
    "Entry",
    "Latency",
    "LiveTape",
    "Moves",
    "PaperDesk",
    "PaperLedger",
    "PaperMarket",
    "PaperPool",
    "PoolMaker",
    "Posting",
    "PriceMove",
    "ScriptedMove",
    "Sketch",
    "Tape",
    "Written",
    "allowed_s",
    "configured_tape",
    "horizon_slots",
    "in_words",
    "lead_slots",
    "one_move",
    "parse_script",
    "slot_at",
    "time_of",
]
