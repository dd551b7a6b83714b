"""A paper market with limit orders in Meteora's pools: ``PaperMarket(seed, VENUES_WITH_ORDERS)``.

Prices and market making are those of the plain market. An order belongs to its bin, whatever the slot; which
side it is on follows from where the price stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dexec.adapters.paper.pools import PAPER_VENUES, PoolMaker, Sketch, dlmm
from dexec.adapters.paper.randomness import knot
from dexec.domain.pools import NO_ORDERS, CollectFeeMode, DlmmPool, FunctionType, LimitOrders

_PARTS = 256
"""Open and processed orders are up to a quarter, in 256ths, of what the fullest bin makes markets with."""

_PROTOCOL_SHARE = 1_000


def dlmm_with_orders(sketch: Sketch) -> DlmmPool:
    """Make a pool as Meteora's with orders in a third of its bins; every other pool takes fees in y only."""
    plain = dlmm(sketch)
    fees_in_y = knot(sketch.seed, f"fee mode {sketch.pool_id}", 0, 0, 1)
    most = max(plain.amounts_x), max(plain.amounts_y)
    places = range(len(plain.amounts_x))
    return replace(
        plain,
        fees=replace(plain.fees, collect_fee_mode=CollectFeeMode(fees_in_y), protocol_share=_PROTOCOL_SHARE),
        orders=tuple(_orders(sketch, plain, place, most) for place in places),
        function_type=FunctionType.LIMIT_ORDERS,
    )


VENUES_WITH_ORDERS: Mapping[str, PoolMaker] = {**PAPER_VENUES, "meteora": dlmm_with_orders}


def _orders(sketch: Sketch, plain: DlmmPool, place: int, most: tuple[int, int]) -> LimitOrders:
    """Return the orders of one bin: asks above the price, bids below, either where it stands."""
    bin_id = plain.first_bin + place
    drawn = knot(sketch.seed, f"orders {sketch.pool_id}", bin_id, 0, 2**40 - 1)
    drawn, chosen = divmod(drawn, 3)
    if chosen:
        return NO_ORDERS
    asks = bin_id > plain.active_bin or (bin_id == plain.active_bin and bool(drawn & 1))
    opened, remaining = ((drawn >> shift) % (_PARTS // 4) for shift in (1, 9))
    largest = most[0] if asks else most[1]
    return LimitOrders(
        open_amount=largest * opened // _PARTS,
        processing_total=largest * remaining // _PARTS * 2,
        processed_remaining=largest * remaining // _PARTS,
        age=(drawn >> 17) % 16,
        ask_side=asks,
    )
