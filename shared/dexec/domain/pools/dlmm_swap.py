"""DLMM pools: a swap walked bin by bin as the program does, and the pool's state afterwards.

Quotes come from the curve, which knows every swap of a pool at once; this is the program's own walk. It says
what a curve does not: who gets the fee, what becomes of the limit orders, and what the program refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from dexec.domain.pools.dlmm import BINS_PER_ARRAY, DlmmPool
from dexec.domain.pools.dlmm_bin import BinTrade, FeeShares
from dexec.domain.pools.refusals import NothingComesOut, NothingPaidIn, PoolExhausted


class BinStep(NamedTuple):
    """What happened in one bin; ``place`` counts from the pool's first bin, ``taken`` includes any excess."""

    place: int
    taken: BinTrade
    shares: FeeShares


@dataclass(frozen=True)
class DlmmSwap:
    """A swap and what it leaves behind; fees are in token in or, without ``fee_on_input``, in token out."""

    amount_in: int
    amount_out: int
    fee: int
    market_making_fee: int
    order_fee: int
    protocol_fee: int
    fee_on_input: bool
    after: DlmmPool
    emptied_arrays: frozenset[int]


def swap_exact_in(pool: DlmmPool, token_in: str, amount_in: int) -> DlmmSwap:
    """Swap all of ``amount_in``, as ``swap2`` does; raises a ``SwapRefused`` where the program refuses."""
    if not amount_in:
        raise NothingPaidIn
    left, steps = amount_in, []
    for place, entry in pool.trading_bins(token_in):
        trade = entry.exact_in(left)
        steps.append(BinStep(place, trade, trade.fee_shares(pool.fees.protocol_share)))
        left -= trade.amount_in
        if not left:
            break
    if left:
        raise PoolExhausted
    return _finish(pool, token_in, steps, sum(step.taken.amount_out for step in steps))


def swap_exact_out(pool: DlmmPool, token_in: str, amount_out: int) -> DlmmSwap:
    """Swap for ``amount_out``, as ``swap_exact_out2`` does; raises as ``swap_exact_in`` does."""
    wanted, steps = amount_out, []
    for place, entry in pool.trading_bins(token_in) if wanted else ():
        trade = entry.exact_out(wanted)
        steps.append(BinStep(place, trade, trade.fee_shares(pool.fees.protocol_share)))
        wanted -= min(wanted, trade.amount_out)
        if not wanted:
            break
    if wanted:
        raise PoolExhausted
    return _finish(pool, token_in, steps, amount_out)


def _finish(pool: DlmmPool, token_in: str, steps: list[BinStep], amount_out: int) -> DlmmSwap:
    if not amount_out:
        raise NothingComesOut
    sells_x = token_in == pool.token_x
    fee_on_input = pool.fees.collect_fee_mode.is_on_input(sells_x=sells_x)
    excess = sum(step.taken.amount_out for step in steps) - amount_out
    after = _after(pool, sells_x, steps)
    return DlmmSwap(
        amount_in=sum(step.taken.amount_in for step in steps),
        amount_out=amount_out,
        fee=sum(step.taken.fee for step in steps) + (0 if fee_on_input else excess),
        market_making_fee=sum(step.shares.market_making for step in steps),
        order_fee=sum(step.shares.orders for step in steps),
        protocol_fee=sum(step.shares.protocol for step in steps) + (0 if fee_on_input else excess),
        fee_on_input=fee_on_input,
        after=after,
        emptied_arrays=_emptied(after, (step.place for step in steps)),
    )


def _after(pool: DlmmPool, sells_x: bool, steps: list[BinStep]) -> DlmmPool:
    """Return the pool's state after ``steps``."""
    xs, ys, orders = list(pool.amounts_x), list(pool.amounts_y), list(pool.orders)
    into, out_of = (xs, ys) if sells_x else (ys, xs)
    for place, taken, shares in steps:
        into[place] += taken.nets[0]
        out_of[place] -= taken.outs[0]
        if orders:
            orders[place] = orders[place].filled(taken.outs[1], taken.outs[2], shares.orders)
    active_bin = pool.first_bin + steps[-1].place
    return replace(
        pool,
        active_bin=active_bin,
        volatility=pool.volatility.after(pool.active_bin, active_bin, pool.fees),
        amounts_x=tuple(xs),
        amounts_y=tuple(ys),
        orders=tuple(orders),
    )


def _emptied(after: DlmmPool, places: Iterable[int]) -> frozenset[int]:
    """Return the indices of the bin arrays at ``places`` in which nothing is left to trade."""
    touched = {(after.first_bin + place) // BINS_PER_ARRAY for place in places}
    return frozenset(index for index in touched if after.is_empty_array(index))
