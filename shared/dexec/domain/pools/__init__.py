"""Pools: exact integer mathematics of the venues' programs."""

from dexec.domain.pools.base import PRICE_BITS, Curve, Pool, Swap, other_token
from dexec.domain.pools.constant_product import ConstantProductPool

__all__ = ["PRICE_BITS", "ConstantProductPool", "Curve", "Pool", "Swap", "other_token"]
