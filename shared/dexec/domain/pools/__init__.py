"""Pools: the integer arithmetic of the venues' programs, and the concave curves above it."""

from dexec.domain.pools.base import PRICE_BITS, Curve, Pool, Swap, other_token
from dexec.domain.pools.constant_product import ConstantProductPool, CreatorFeeOn
from dexec.domain.pools.dlmm import DlmmPool, FunctionType
from dexec.domain.pools.dlmm_bin import NO_ORDERS, LimitOrders
from dexec.domain.pools.dlmm_fees import CollectFeeMode, DlmmFees, Volatility
from dexec.domain.pools.dlmm_swap import DlmmSwap, swap_exact_in, swap_exact_out

__all__ = [
    "NO_ORDERS",
    "PRICE_BITS",
    "CollectFeeMode",
    "ConstantProductPool",
    "CreatorFeeOn",
    "Curve",
    "DlmmFees",
    "DlmmPool",
    "DlmmSwap",
    "FunctionType",
    "LimitOrders",
    "Pool",
    "Swap",
    "Volatility",
    "other_token",
    "swap_exact_in",
    "swap_exact_out",
]
