"""File format of pools, shared by the vector files and the market files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from dexec.domain.arithmetic import BPS
from dexec.domain.pools import (
    NO_ORDERS,
    CollectFeeMode,
    DlmmFees,
    DlmmPool,
    FunctionType,
    LimitOrders,
    Volatility,
)
from dexec.domain.pools.dlmm import bin_price

U64 = Annotated[StrictInt, Field(ge=0, lt=2**64)]
Positive = Annotated[StrictInt, Field(gt=0, lt=2**64)]
Content = TypeVar("Content")
BinRow = tuple[StrictInt, U64, U64, str | None]
Flag = Annotated[StrictInt, Field(ge=0, le=1)]
Bps = Annotated[StrictInt, Field(ge=0, le=BPS)]
OrderRow = tuple[
    StrictInt, U64, U64, str | None, U64, U64, U64, Annotated[StrictInt, Field(ge=0, lt=2**32)], Flag,
    U64, U64, U64, U64,
]  # fmt: skip
"""A bin with its limit orders: what is open, being processed and left of that, age, side, filled, fees."""

MAX_BINS = 20_000
"""A file's bins may have gaps, which are filled with empty bins; this bounds the filling."""


class PoolFileError(Exception):
    """A file cannot be read as what it should be; the message names file and place."""


class Strict(BaseModel):
    """A part of a file: unknown fields are errors, so that a misspelled one is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DlmmState(Strict):
    """A DLMM pool; the names are those of the program's own state, ``bins`` rows are as in the vectors."""

    bin_step: Annotated[StrictInt, Field(gt=0, le=BPS)]
    base_factor: U64
    base_fee_power_factor: Annotated[StrictInt, Field(ge=0, le=9)] = 0
    filter_period_s: U64
    decay_period_s: U64
    reduction_factor: Bps
    variable_fee_control: U64
    max_volatility_accumulator: U64
    collect_fee_mode: Literal["input", 0, 1] = "input"
    function_type: Literal[0, 1, 2] = 0
    reward_mints: Annotated[StrictInt, Field(ge=0, le=2)] = 0
    protocol_share: Bps = 0
    active_bin: StrictInt
    volatility_accumulator: U64 = 0
    volatility_reference: U64 = 0
    index_reference: StrictInt
    bins: Annotated[list[BinRow | OrderRow], Field(min_length=1)]
    pair_type: U64 = 0
    """Without influence on a swap, as the two that follow."""
    orders: str = ""
    bitmap: list[StrictInt] = Field(default_factory=list, repr=False)

    def pool(self, pool_id: str, venue: str, tokens: tuple[str, str], elapsed_s: int) -> DlmmPool:
        """Return the pool ``elapsed_s`` seconds after its last swap; ``ValueError`` for impossible bins."""
        rows = {row[0]: row for row in self.bins}
        first, last = min(*rows, self.active_bin), max(*rows, self.active_bin)
        if len(rows) != len(self.bins):
            raise ValueError("a bin id occurs twice")
        if last - first >= MAX_BINS:
            raise ValueError(f"the bins span more than {MAX_BINS} ids")
        empty = (0, 0, None)
        filled = [rows.get(bin_id, (bin_id, *empty)) for bin_id in range(first, last + 1)]
        orders = tuple(_orders(row) for row in filled)
        return DlmmPool(
            id=pool_id,
            venue=venue,
            token_x=tokens[0],
            token_y=tokens[1],
            fees=self._fees(),
            volatility=Volatility(
                self.volatility_accumulator, self.volatility_reference, self.index_reference, elapsed_s
            ),
            active_bin=self.active_bin,
            first_bin=first,
            amounts_x=tuple(row[1] for row in filled),
            amounts_y=tuple(row[2] for row in filled),
            prices=tuple(_stored_price(row[3]) or bin_price(row[0], self.bin_step) for row in filled),
            orders=orders if any(entry != NO_ORDERS for entry in orders) else (),
            function_type=FunctionType(self.function_type),
            reward_mints=self.reward_mints,
        )

    def _fees(self) -> DlmmFees:
        return DlmmFees(
            self.bin_step,
            self.base_factor,
            self.base_fee_power_factor,
            self.filter_period_s,
            self.decay_period_s,
            self.reduction_factor,
            self.variable_fee_control,
            self.max_volatility_accumulator,
            CollectFeeMode.INPUT
            if self.collect_fee_mode == "input"
            else CollectFeeMode(self.collect_fee_mode),
            self.protocol_share,
        )


def _stored_price(text: str | None) -> int:
    """Return a bin's stored Q64.64 price, or 0 where none is stored (the program's own marker)."""
    return int(text) if text else 0


def _orders(row: BinRow | OrderRow) -> LimitOrders:
    """Return the limit orders of a bin; ``ValueError`` where more is left of them than there was."""
    if len(row) == 4:
        return NO_ORDERS
    opened, total, remaining, age, asks, *earned = row[4:]
    orders = LimitOrders(opened, total, remaining, age, bool(asks), *earned)
    if orders.processed_remaining > orders.processing_total:
        raise ValueError(f"bin {row[0]}: more is left of the orders being processed than there was")
    return orders


def read_file(path: Path, form: TypeAdapter[Content]) -> Content:
    """Return the JSON file at ``path`` in the form asked for; ``PoolFileError`` says what is wrong."""
    try:
        return form.validate_json(path.read_bytes())
    except OSError as exc:
        raise PoolFileError(f"{path}: {exc.strerror or exc}") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PoolFileError(f"{path}: {place}: {first['msg']}") from exc
