"""DLMM pools: the base fee, and the variable fee by the program's volatility accumulator.

Fee rates are in 10^-9, the volatility accumulator counts bins in units of 10^-4. The fee is taken from what
is paid in, or, where the pool collects fees in y only, from what comes out when x is sold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from dexec.domain.arithmetic import BPS, ceil_div

FEE_UNIT = 10**9
"""Fee rates are in 10^-9 of the amount that they are taken from."""

MAX_FEE_RATE = FEE_UNIT // 10
"""The program never takes more than 10 %."""


class CollectFeeMode(IntEnum):
    """Which token the fee is taken in (``collect_fee_mode``); the program refuses others with 6110."""

    INPUT = 0
    ONLY_Y = 1

    def is_on_input(self, *, sells_x: bool) -> bool:
        """Return whether the fee is taken from what is paid in, rather than from what comes out."""
        return self is CollectFeeMode.INPUT or not sells_x


@dataclass(frozen=True, slots=True)
class DlmmFees:
    """A pool's fixed parameters; periods in seconds.

    ``bin_step``, ``reduction_factor`` and ``protocol_share`` (of the market makers' fee) are in bps.
    """

    bin_step: int
    base_factor: int
    base_fee_power_factor: int = 0
    filter_period_s: int = 30
    decay_period_s: int = 600
    reduction_factor: int = 5_000
    variable_fee_control: int = 0
    max_volatility_accumulator: int = 0
    collect_fee_mode: CollectFeeMode = CollectFeeMode.INPUT
    protocol_share: int = 0

    @property
    def base_rate(self) -> int:
        """base_factor * bin_step * 10 * 10^power, in 10^-9."""
        power: int = 10**self.base_fee_power_factor
        return self.base_factor * self.bin_step * 10 * power

    def accumulator(self, reference: int, bins_moved: int) -> int:
        """Return min(reference + 10 000 * bins moved, maximum)."""
        return min(reference + BPS * abs(bins_moved), self.max_volatility_accumulator)

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

    def after(self, before: int, active_bin: int, fees: DlmmFees) -> Volatility:
        """Return what is remembered of a swap from bin ``before`` to ``active_bin``.

        The time of the last update only moves if the active bin does; the references always do.
        """
        reference, index = self.now(before, fees)
        elapsed_s = self.elapsed_s if active_bin == before else 0
        return Volatility(fees.accumulator(reference, index - active_bin), reference, index, elapsed_s)
