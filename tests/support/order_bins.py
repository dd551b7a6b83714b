"""A DLMM pool of three bins whose active one has limit orders behind its reserves."""

from __future__ import annotations

from dataclasses import replace

from dexec.domain.pools import (
    NO_ORDERS,
    DlmmFees,
    DlmmPool,
    FunctionType,
    LimitOrders,
    Volatility,
)
from dexec.domain.pools.base import ONE

FEES = DlmmFees(bin_step=100, base_factor=10_000, protocol_share=2_000)
"""1 %, a fifth of the market makers' part to the protocol."""

BIDS = LimitOrders(open_amount=300, processing_total=250, processed_remaining=200, age=4, fulfilled_y=50)


def bins(orders: LimitOrders = BIDS, price: int = ONE, **changes: object) -> DlmmPool:
    """Three bins; the active one, at price 1, has 100 of y, and orders behind them."""
    pool = DlmmPool(
        id="d",
        venue="meteora",
        token_x="SOL",
        token_y="USDC",
        fees=FEES,
        volatility=Volatility(elapsed_s=100),
        active_bin=0,
        first_bin=-1,
        amounts_x=(0, 0, 1_000),
        amounts_y=(1_000, 100, 0),
        prices=(price * 100 // 101, price, price * 101 // 100),
        orders=(NO_ORDERS, orders, NO_ORDERS),
        function_type=FunctionType.LIMIT_ORDERS,
    )
    return replace(pool, **changes)  # type: ignore[arg-type]
