"""DLMM pools: liquidity in bins, each with one price, as in Meteora's program.

Source of the formulas: the program's arithmetic. Prices are Q64.64, fee rates 10^-9 of what is paid in, the
volatility accumulator counts bins in units of 10^-4. ``tests/vectors`` holds swaps read off the program.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from dexec.domain.pools.base import ONE, PRICE_BITS, ceil_div, other_token
from dexec.domain.pools.dlmm_curve import FEE_UNIT, CurveBin, DlmmCurve

BPS = 10_000
_U128_MAX = 2**128 - 1
MAX_FEE_RATE = FEE_UNIT // 10
"""The program never takes more than 10 %."""


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


@dataclass(frozen=True, slots=True)
class DlmmFees:
    """A pool's fixed parameters; ``bin_step`` in bps, periods in seconds, ``reduction_factor`` in bps."""

    bin_step: int
    base_factor: int
    base_fee_power_factor: int = 0
    filter_period_s: int = 30
    decay_period_s: int = 600
    reduction_factor: int = 5_000
    variable_fee_control: int = 0
    max_volatility_accumulator: int = 0

    @property
    def base_rate(self) -> int:
        """base_factor * bin_step * 10 * 10^power, in 10^-9."""
        power: int = 10**self.base_fee_power_factor
        return self.base_factor * self.bin_step * 10 * power

    def rates(self, accumulators: Iterable[int]) -> list[int]:
        """Return base rate + ceil(control * (accumulator * bin_step)^2 / 10^11), at most 10 %, for each."""
        base, factor = self.base_rate, self.variable_fee_control * self.bin_step**2
        return [min(base + ceil_div(factor * moved * moved, 10**11), MAX_FEE_RATE) for moved in accumulators]


@dataclass(frozen=True, slots=True)
class Volatility:
    """What the pool remembers of its last swap, ``elapsed_s`` ago."""

    accumulator: int = 0
    reference: int = 0
    index_reference: int = 0
    elapsed_s: int = 0

    def now(self, active_bin: int, fees: DlmmFees) -> tuple[int, int]:
        """Return (volatility reference, index reference) as a swap at this moment starts with them."""
        if self.elapsed_s < fees.filter_period_s:
            return self.reference, self.index_reference
        if self.elapsed_s >= fees.decay_period_s:
            return 0, active_bin
        return self.accumulator * fees.reduction_factor // BPS, active_bin


@dataclass(frozen=True)
class DlmmPool:
    """A DLMM pool at one slot.

    Bin ``first_bin + k`` holds ``amounts_x[k]`` and ``amounts_y[k]`` base units at ``prices[k]`` (Q64.64,
    base units of y per base unit of x); without ``prices``, they are powers of the bin step.
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

    def __post_init__(self) -> None:
        size = len(self.amounts_x)
        if len(self.amounts_y) != size or len(self.prices) not in (0, size):
            raise ValueError(f"pool {self.id}: every bin needs both amounts, and all or no bins a price")
        if not 0 <= self.active_bin - self.first_bin < size:
            raise ValueError(f"pool {self.id}: the active bin is not among the bins")

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

    def active_bin_after(self, token_in: str, amount_in: int) -> int:
        """Return the active bin that a swap of ``amount_in`` leaves behind."""
        other_token(self, token_in)
        sells_x = token_in == self.token_x
        held = self.amounts_y if sells_x else self.amounts_x
        trading = [place for place in self._walk(sells_x) if held[place]]
        return self.first_bin + trading[self.curve(token_in).bins_touched(amount_in) - 1]

    def _walk(self, sells_x: bool) -> range:
        """Return the places of the bins in the order in which a swap meets them."""
        active = self.active_bin - self.first_bin
        return range(active, -1, -1) if sells_x else range(active, len(self.amounts_x))

    def _price(self, place: int) -> int:
        return self.prices[place] if self.prices else bin_price(self.first_bin + place, self.fees.bin_step)

    def _bins(self, sells_x: bool) -> list[CurveBin]:
        reference, index = self.volatility.now(self.active_bin, self.fees)
        held = self.amounts_y if sells_x else self.amounts_x
        places = [place for place in self._walk(sells_x) if held[place]]
        start, most = index - self.first_bin, self.fees.max_volatility_accumulator
        rates = self.fees.rates([min(reference + BPS * abs(start - place), most) for place in places])
        return [
            CurveBin(self._price(place), held[place], rate)
            for place, rate in zip(places, rates, strict=True)
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
