"""DLMM pools: the state of Meteora's program (version 0.12), liquidity in bins of one price each.

Source of the formulas: the program's arithmetic. Prices are Q64.64. ``tests/vectors`` holds swaps read off
the program, with the state that each left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property, lru_cache

from dexec.domain.arithmetic import BPS
from dexec.domain.pools.base import ONE, PRICE_BITS, other_token
from dexec.domain.pools.dlmm_bin import LimitOrders, TradingBin
from dexec.domain.pools.dlmm_curve import CurveBin, DlmmCurve, curve_bin
from dexec.domain.pools.dlmm_fees import FEE_UNIT, MAX_FEE_RATE, DlmmFees, Volatility

BINS_PER_ARRAY = 70
"""Bins lie in accounts of 70: array ``k`` has the bins from ``70 * k`` on."""

_U128_MAX = 2**128 - 1


@lru_cache(maxsize=65_536)
def bin_price(bin_id: int, bin_step: int) -> int:
    """Return (1 + bin_step / 10 000)^bin_id in Q64.64, rounded as the program rounds.

    It raises the inverse of the base, a number below one, by squaring, each product cut to 64 fraction
    bits, and inverts the result for positive ids.
    """
    if bin_id == 0:
        return ONE
    square = _U128_MAX // (ONE + (bin_step << PRICE_BITS) // BPS)
    power, exponent = ONE, abs(bin_id)
    while exponent:
        if exponent & 1:
            power = power * square >> PRICE_BITS
        square = square * square >> PRICE_BITS
        exponent >>= 1
    if power == 0:
        raise ValueError(f"bin {bin_id} of step {bin_step} has no price")
    return _U128_MAX // power if bin_id > 0 else power


class FunctionType(IntEnum):
    """What a pool is made for (``function_type``); the program refuses others with 6019."""

    UNDETERMINED = 0
    LIQUIDITY_MINING = 1
    LIMIT_ORDERS = 2


@dataclass(frozen=True)
class DlmmPool:
    """A DLMM pool at one slot.

    Bin ``first_bin + k`` holds ``amounts_x[k]`` and ``amounts_y[k]`` base units of market making at
    ``prices[k]`` (Q64.64, base units of y per base unit of x), and the limit orders ``orders[k]``. Without
    ``prices``, they are powers of the bin step; without ``orders``, no bin has any. ``reward_mints`` is how
    many reward tokens are set: any make an undetermined pool one for liquidity mining.
    """

    id: str
    venue: str
    token_x: str
    token_y: str
    fees: DlmmFees
    volatility: Volatility
    active_bin: int
    first_bin: int = field(repr=False)
    amounts_x: tuple[int, ...] = field(repr=False)
    amounts_y: tuple[int, ...] = field(repr=False)
    prices: tuple[int, ...] = field(default=(), repr=False)
    orders: tuple[LimitOrders, ...] = field(default=(), repr=False)
    function_type: FunctionType = FunctionType.UNDETERMINED
    reward_mints: int = 0

    def __post_init__(self) -> None:
        size = len(self.amounts_x)
        if len(self.amounts_y) != size or len(self.prices) not in (0, size):
            raise ValueError(f"pool {self.id}: every bin needs both amounts, and all or no bins a price")
        if len(self.orders) not in (0, size):
            raise ValueError(f"pool {self.id}: all or no bins need limit orders")
        if not 0 <= self.active_bin - self.first_bin < size:
            raise ValueError(f"pool {self.id}: the active bin is not among the bins")

    @property
    def takes_orders(self) -> bool:
        """Whether limit orders take part in swaps."""
        if self.function_type is FunctionType.UNDETERMINED:
            return not self.reward_mints
        return self.function_type is FunctionType.LIMIT_ORDERS

    def curve(self, token_in: str) -> DlmmCurve:
        """Return one direction; ``ValueError`` for a token that the pool does not trade."""
        other_token(self, token_in)
        return self._selling_x if token_in == self.token_x else self._selling_y

    def worsened(self, token_in: str, bps: int) -> DlmmPool:
        """Return the pool with its prices ``bps`` worse for whoever sells ``token_in``."""
        sells_x = other_token(self, token_in) == self.token_y
        numerator, denominator = (BPS - bps, BPS) if sells_x else (BPS, BPS - bps)
        prices = tuple(self._price(place) * numerator // denominator for place in range(len(self.amounts_x)))
        return replace(self, prices=prices)

    def trading_bins(self, token_in: str) -> Iterator[tuple[int, TradingBin]]:
        """Yield each bin that trades, with its place, in the order in which a swap meets them."""
        sells_x = other_token(self, token_in) == self.token_y
        on_input = self.fees.collect_fee_mode.is_on_input(sells_x=sells_x)
        held, places = self.amounts_y if sells_x else self.amounts_x, self._walk(sells_x)
        orders = {place: self._orders_facing(place, sells_x) for place in places}
        trading = [place for place in places if held[place] or orders[place] != (0, 0)]
        for place, rate in zip(trading, self._rates(trading), strict=True):
            layers = held[place], *orders[place]
            yield place, TradingBin(self._price(place), layers, rate, sells_x, on_input)

    def is_empty_array(self, index: int) -> bool:
        """Return whether the bins of that array have nothing to trade, in either direction."""
        start = max(0, index * BINS_PER_ARRAY - self.first_bin)
        stop = (index + 1) * BINS_PER_ARRAY - self.first_bin
        orders = self.orders[start:stop]
        return not (
            any(self.amounts_x[start:stop])
            or any(self.amounts_y[start:stop])
            or any(entry.processed_remaining or entry.open_amount for entry in orders)
        )

    def _walk(self, sells_x: bool) -> range:
        """Return the places of the bins in the order in which a swap meets them."""
        active = self.active_bin - self.first_bin
        return range(active, -1, -1) if sells_x else range(active, len(self.amounts_x))

    def _orders_facing(self, place: int, sells_x: bool) -> tuple[int, int]:
        """Return what the (processed, open) orders of a bin give to a swap."""
        if not (self.orders and self.takes_orders):
            return 0, 0
        return self.orders[place].facing(sells_x=sells_x)

    def _rates(self, places: list[int]) -> list[int]:
        reference, index = self.volatility.now(self.active_bin, self.fees)
        start, most = index - self.first_bin, self.fees.max_volatility_accumulator
        return self.fees.rates([min(reference + BPS * abs(start - place), most) for place in places])

    def _price(self, place: int) -> int:
        return self.prices[place] if self.prices else bin_price(self.first_bin + place, self.fees.bin_step)

    def _bins(self, sells_x: bool) -> list[CurveBin]:
        token_in = self.token_x if sells_x else self.token_y
        if self.orders or not self.fees.collect_fee_mode.is_on_input(sells_x=sells_x):
            return [curve_bin(entry) for _, entry in self.trading_bins(token_in)]
        held = self.amounts_y if sells_x else self.amounts_x
        places = [place for place in self._walk(sells_x) if held[place]]
        return [
            (self._price(place), held[place], FEE_UNIT - rate, None)
            for place, rate in zip(places, self._rates(places), strict=True)
        ]

    def _make_curve(self, sells_x: bool) -> DlmmCurve:
        active_price = self._price(self.active_bin - self.first_bin)
        base_rate = min(self.fees.base_rate, MAX_FEE_RATE)
        return DlmmCurve(self._bins(sells_x), sells_x=sells_x, base_rate=base_rate, active_price=active_price)

    @cached_property
    def _selling_x(self) -> DlmmCurve:
        return self._make_curve(sells_x=True)

    @cached_property
    def _selling_y(self) -> DlmmCurve:
        return self._make_curve(sells_x=False)
