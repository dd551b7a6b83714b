"""Pools: exact integer mathematics of the venues' programs."""

from dexec.domain.pools.base import PRICE_BITS, Curve, Pool, Swap, other_token
from dexec.domain.pools.constant_product import ConstantProductPool
from dexec.domain.pools.dlmm import DlmmFees, DlmmPool, Volatility

__all__ = [
    "PRICE_BITS",
    "ConstantProductPool",
    "Curve",
    "DlmmFees",
    "DlmmPool",
    "Pool",
    "Swap",
    "Volatility",
    "other_token",
]
