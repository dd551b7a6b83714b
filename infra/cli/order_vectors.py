"""Vector files of DLMM pools with limit orders: every amount, fee and bin that a swap of the program left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from typing import Literal, NamedTuple

from pydantic import StrictBool, StrictInt, field_validator

from dexec.domain.pools import NO_ORDERS, DlmmPool, DlmmSwap, swap_exact_in, swap_exact_out
from dexec.domain.pools.refusals import SwapRefused
from infra.cli.pool_files import U64, DlmmState, OrderRow, Strict

BIN_FIELDS = [
    *("id", "amount_x", "amount_y", "price"),
    *("open_order_amount", "total_processing_order_amount", "processed_order_remaining_amount"),
    *("order_age", "limit_order_ask_side", "fulfilled_order_amount_x", "fulfilled_order_amount_y"),
    *("limit_order_fee_ask_side", "limit_order_fee_bid_side"),
]
"""The columns of a bin, as ``OrderRow`` reads them."""

Figures = dict[str, object]
UNSEEN = "is not reached, as the swap before it differs"


class OrderCase(Strict):
    """One swap of ``amount``, ``elapsed_s`` seconds after the pool's last update."""

    mode: Literal["exact_in", "exact_out"]
    swap_for_y: StrictBool
    amount: U64
    elapsed_s: U64


class RefusedCase(OrderCase):
    """A swap that the program refused with the error number ``error``."""

    error: StrictInt
    then: None = None


class FilledCase(OrderCase):
    """A swap with all that it changed; ``then`` is another one from the state that it left."""

    amount_in: U64
    amount_out: U64
    fee: U64
    mm_fee: U64
    limit_order_fee: U64
    protocol_fee: U64
    fee_on_input: StrictBool
    protocol_fee_x: U64
    protocol_fee_y: U64
    active_bin_after: StrictInt
    volatility_accumulator_after: U64
    volatility_reference_after: U64
    index_reference_after: StrictInt
    elapsed_after_s: U64
    bins_after: list[OrderRow]
    bitmap_after: list[StrictInt] | None = None
    compute_units: U64 = 0
    then: RefusedCase | FilledCase | None = None


class State(NamedTuple):
    """A pool and which of its bin arrays have their bit set."""

    pool: DlmmPool
    bitmap: frozenset[int]


class OrderPool(DlmmState):
    """A pool with its swaps."""

    cases: list[RefusedCase | FilledCase]

    def differences(self, case: RefusedCase | FilledCase) -> Iterator[str | None]:
        """Yield what differs from the engine's arithmetic, or ``None``, for the case and those after it."""
        state: State | None = State(self.pool("vector", "meteora", ("x", "y"), 0), frozenset(self.bitmap))
        follows: RefusedCase | FilledCase | None = case
        while follows is not None:
            if state is None:
                yield UNSEEN
            else:
                difference, state = _check(state, follows)
                yield difference
            follows = follows.then


class OrderFile(Strict):
    """Swaps on DLMM pools with limit orders; ``bin_fields`` names the columns of a bin."""

    venue: Literal["meteora_dlmm"]
    bin_fields: list[str]
    pools: list[OrderPool]

    @field_validator("bin_fields")
    @classmethod
    def _in_order(cls, names: list[str]) -> list[str]:
        if names != BIN_FIELDS:
            raise ValueError(f"the columns of a bin have to be {', '.join(BIN_FIELDS)}")
        return names

    def differences(self) -> Iterator[str | None]:
        """Yield each swap's difference, or ``None`` where there is none."""
        for index, pool in enumerate(self.pools):
            for number, case in enumerate(pool.cases):
                for step, difference in enumerate(pool.differences(case)):
                    follows = ", then" * step
                    yield difference and f"pool {index}, case {number}{follows}: {difference}"


def _check(state: State, case: RefusedCase | FilledCase) -> tuple[str | None, State | None]:
    """Return what differs, and the state that the program left, if the swap came that far."""
    volatility = replace(state.pool.volatility, elapsed_s=case.elapsed_s)
    pool = replace(state.pool, volatility=volatility)
    token_in = "x" if case.swap_for_y else "y"
    trade = swap_exact_in if case.mode == "exact_in" else swap_exact_out
    try:
        swap = trade(pool, token_in, case.amount)
    except SwapRefused as exc:
        return _first_difference(_expected(case), {"error": exc.program_code}), None
    if isinstance(case, RefusedCase):
        return f"error should be {case.error}, but the swap goes through", None
    bitmap = state.bitmap - swap.emptied_arrays
    ours = _figures(pool, case.swap_for_y, swap) | {"bitmap_after": sorted(bitmap)}
    expected = _expected(case)
    if case.bitmap_after is None:
        expected["bitmap_after"] = sorted(state.bitmap)
    difference = _first_difference(expected, ours) or _quote_difference(pool, token_in, case)
    return difference, State(swap.after, bitmap)


def _expected(case: RefusedCase | FilledCase) -> Figures:
    return case.model_dump(exclude={"mode", "swap_for_y", "amount", "elapsed_s", "compute_units", "then"})


def _figures(pool: DlmmPool, sells_x: bool, swap: DlmmSwap) -> Figures:
    """Return the engine's figures under the names of the file."""
    volatility = swap.after.volatility
    fee_in_x = sells_x == swap.fee_on_input
    return {
        "amount_in": swap.amount_in,
        "amount_out": swap.amount_out,
        "fee": swap.fee,
        "mm_fee": swap.market_making_fee,
        "limit_order_fee": swap.order_fee,
        "protocol_fee": swap.protocol_fee,
        "fee_on_input": swap.fee_on_input,
        "protocol_fee_x": swap.protocol_fee if fee_in_x else 0,
        "protocol_fee_y": 0 if fee_in_x else swap.protocol_fee,
        "active_bin_after": swap.after.active_bin,
        "volatility_accumulator_after": volatility.accumulator,
        "volatility_reference_after": volatility.reference,
        "index_reference_after": volatility.index_reference,
        "elapsed_after_s": volatility.elapsed_s,
        "bins_after": _changed_rows(pool, swap.after),
    }


def _changed_rows(before: DlmmPool, after: DlmmPool) -> list[tuple[object, ...]]:
    """Return the bins that are not as they were, as rows of the file."""
    places = range(len(before.amounts_x))
    return [_row(after, place) for place in places if _row(after, place) != _row(before, place)]


def _row(pool: DlmmPool, place: int) -> tuple[object, ...]:
    orders = pool.orders[place] if pool.orders else NO_ORDERS
    holds = pool.amounts_x[place], pool.amounts_y[place], str(pool.prices[place])
    return pool.first_bin + place, *holds, *map(int, astuple(orders))


def _first_difference(expected: Figures, ours: Figures) -> str | None:
    for name, value in expected.items():
        if name not in ours:
            return f"{name} should be {value}, but the swap is refused with {ours['error']}"
        if ours[name] != value:
            return f"{name} should be {value}, computed {ours[name]}"
    return None


def _quote_difference(pool: DlmmPool, token_in: str, case: FilledCase) -> str | None:
    """Return whether the quote, which does not walk the bins, is another amount."""
    curve = pool.curve(token_in)
    if case.mode == "exact_in":
        return _first_difference({"quote": case.amount_out}, {"quote": curve.exact_in(case.amount)})
    return _first_difference({"quote": case.amount_in}, {"quote": curve.exact_out(case.amount)})
