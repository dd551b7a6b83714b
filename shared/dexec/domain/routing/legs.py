"""Legs: a swap on one pool with its fees, shares and mid price; quotes and fills are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dexec.domain.arithmetic import BPS
from dexec.domain.pools.base import Pool, other_token
from dexec.domain.quote import Leg


def make_leg(
    pool: Pool, token_in: str, amount_in: int, *, hop: int, slot: int, amount_out: int | None = None
) -> Leg:
    """Return the leg that swaps ``amount_in`` of ``token_in``; its share is still 0.

    ``amount_out`` is given for an exact output, where the pool keeps what the input would yield beyond it.
    """
    curve = pool.curve(token_in)
    swap = curve.swap(amount_in)
    return Leg(
        venue=pool.venue,
        pool_id=pool.id,
        token_in=token_in,
        token_out=other_token(pool, token_in),
        hop=hop,
        share_bps=0,
        amount_in=amount_in,
        amount_out=swap.amount_out if amount_out is None else amount_out,
        base_fee=swap.base_fee,
        variable_fee=swap.variable_fee,
        mid=curve.mid,
        unrounded_out=swap.unrounded_out,
        slot=slot,
        output_fee=swap.output_fee,
    )


def with_shares(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Return the legs with ``share_bps`` filled in: of all that is paid in, or of the token between hops."""
    totals: dict[tuple[int, str], int] = {}
    for leg in legs:
        key = (leg.hop, leg.token_in)
        totals[key] = totals.get(key, 0) + leg.amount_in
    return tuple(
        replace(leg, share_bps=(leg.amount_in * BPS * 2 // totals[leg.hop, leg.token_in] + 1) // 2)
        for leg in legs
    )
