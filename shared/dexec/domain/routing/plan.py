"""Filling a plan against the pools of the slot in which its transaction lands: all legs, or nothing.

The legs of one hop share what they get in the planned proportions. On an unchanged slot that is what was
quoted, to the unit; on a changed one the second hop takes whatever the first really gave (exact in), or
the first gives whatever the second really needs (exact out), and the limit on the total decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientLiquidity, SlippageExceeded
from dexec.domain.pools.base import Pool
from dexec.domain.quote import Fill, Leg, Mode, PlanLeg, SwapPlan
from dexec.domain.routing.legs import make_leg, with_shares
from dexec.domain.tokens import format_units


@dataclass(frozen=True, slots=True)
class _Landing:
    """Where a plan is being filled."""

    mode: Mode
    pool_of: Callable[[str], Pool]
    slot: int

    def fill(self, planned: PlanLeg, amount: int) -> Leg:
        pool = self.pool_of(planned.pool_id)
        exact_out = amount if self.mode is Mode.EXACT_OUT else None
        amount_in = amount if exact_out is None else pool.curve(planned.token_in).exact_out(amount)
        leg = make_leg(
            pool, planned.token_in, amount_in, hop=planned.hop, slot=self.slot, amount_out=exact_out
        )
        if not leg.amount_out:  # both programs refuse such a swap
            raise InsufficientLiquidity("nothing comes out")
        return leg


def execute_plan(plan: SwapPlan, pool_of: Callable[[str], Pool], *, slot: int) -> Fill:
    """Return the fill of ``plan`` against the pools that ``pool_of`` names at ``slot``.

    Raises ``SlippageExceeded`` when the total passes the plan's limit, or when a pool can no longer trade
    its part; ``InsufficientLiquidity`` when an amount is more than a balance can hold. Nothing is filled
    then.
    """
    landing = _Landing(plan.mode, pool_of, slot)
    try:
        legs = _fill_exact_in(plan, landing) if plan.mode is Mode.EXACT_IN else _fill_exact_out(plan, landing)
    except InsufficientLiquidity as exc:
        message = f"a pool of the route can no longer trade its part ({exc})"
        raise SlippageExceeded(message, plan.limit, 0) from exc
    amount_in = sum(leg.amount_in for leg in legs if leg.token_in == plan.token_in)
    amount_out = sum(leg.amount_out for leg in legs if leg.token_out == plan.token_out)
    _check_limit(plan, amount_in, amount_out)
    _check_size(amount_in, amount_out, *(max(leg.amount_in, leg.amount_out) for leg in legs))
    place = {leg.pool_id: index for index, leg in enumerate(plan.legs)}
    legs.sort(key=lambda leg: place[leg.pool_id])
    return Fill(amount_in, amount_out, with_shares(legs), slot)


def _fill_exact_in(plan: SwapPlan, landing: _Landing) -> list[Leg]:
    first = [landing.fill(leg, leg.amount) for leg in plan.legs if leg.hop == 1]
    filled = first.copy()
    for token, planned in _second_hops(plan).items():
        proceeds = sum(leg.amount_out for leg in first if leg.token_out == token)
        filled += _fill_shared(planned, proceeds, landing)
    return filled


def _fill_exact_out(plan: SwapPlan, landing: _Landing) -> list[Leg]:
    direct = [leg for leg in plan.legs if leg.hop == 1 and leg.token_out == plan.token_out]
    filled = [landing.fill(leg, leg.amount) for leg in direct]
    for token, planned in _second_hops(plan).items():
        second = [landing.fill(leg, leg.amount) for leg in planned]
        feeding = [leg for leg in plan.legs if leg.hop == 1 and leg.token_out == token]
        filled += _fill_shared(feeding, sum(leg.amount_in for leg in second), landing)
        filled += second
    return filled


def _second_hops(plan: SwapPlan) -> dict[str, list[PlanLeg]]:
    """Return the legs of the second hops by the token that they start from."""
    groups: dict[str, list[PlanLeg]] = {}
    for leg in plan.legs:
        if leg.hop == 2:
            groups.setdefault(leg.token_in, []).append(leg)
    return groups


def _fill_shared(planned: Sequence[PlanLeg], total: int, landing: _Landing) -> list[Leg]:
    """Fill ``planned`` with ``total`` between them, in proportion; the last leg takes what is left over."""
    weight = sum(leg.amount for leg in planned)
    parts = [total * leg.amount // weight for leg in planned[:-1]]
    parts.append(total - sum(parts))
    return [landing.fill(leg, part) for leg, part in zip(planned, parts, strict=True)]


def _check_size(*amounts: int) -> None:
    if max(amounts) > MAX_BASE_UNITS:
        raise InsufficientLiquidity(
            f"an amount of the swap would be above {MAX_BASE_UNITS} base units, the most of any balance"
        )


def _check_limit(plan: SwapPlan, amount_in: int, amount_out: int) -> None:
    if plan.mode is Mode.EXACT_IN:
        passed, received, token, word = amount_out < plan.limit, amount_out, plan.token_out, "at least"
    else:
        passed, received, token, word = amount_in > plan.limit, amount_in, plan.token_in, "at most"
    if not passed:
        return
    required, got = (f"{format_units(amount, token)} {token}" for amount in (plan.limit, received))
    raise SlippageExceeded(f"required {word} {required}, received {got}", plan.limit, received)
