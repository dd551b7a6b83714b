"""Why a venue's program refuses a swap: the error numbers of Meteora's DLMM program, as exceptions."""

from __future__ import annotations

from dexec.domain.errors import InsufficientLiquidity


class SwapRefused(InsufficientLiquidity):
    """A venue's program refuses this very swap on this pool; ``program_code`` is its error number."""

    program_code = 0
    why = "the program refuses the swap"

    def __init__(self) -> None:
        super().__init__(f"{self.why} (program error {self.program_code})")


class NothingPaidIn(SwapRefused):
    """The input is zero."""

    program_code = 6002
    why = "nothing is paid in"


class PoolExhausted(SwapRefused):
    """The bins do not trade that much."""

    program_code = 6036
    why = "the pool's bins do not hold that much"


class NothingComesOut(SwapRefused):
    """The output is zero, whether asked for or because the input is dust."""

    program_code = 6039
    why = "nothing comes out"


class UndeterminedExactOut(SwapRefused):
    """The program's input for an exact output would yield less than that output.

    It rounds the input up once, although each layer of a bin with limit orders takes its own rounding.
    """

    program_code = 6085
    why = "the program cannot give exactly that much out of limit orders"
