"""Transaction costs of a route: what fees, impact and rounding take off the mid prices at the quote.

The *reference* is what the exact amount would trade for at the mid prices of the chosen pools, each used as
much as it is. A leg loses, in its token out: the fee at the mid price; the impact, which is what the rest
is worth at the mid less what the pool's prices give for it; and the rounding, which is what is left. Losses
of one hop are carried to the end of the path at the mid prices of the other, so everything adds up exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from dexec.domain.quote import Leg, Mode, Route
from dexec.domain.recorded import COST_DIGITS, RecordedCosts


@dataclass(frozen=True, slots=True)
class Costs:
    """A route's costs in base units of the token whose amount is open, positive where the trader loses."""

    reference: Fraction
    fees: Fraction
    impact: Fraction
    rounding: Fraction


def route_costs(route: Route) -> Costs:
    """Return what the route costs as quoted."""
    fees = impact = rounding = Fraction(0)
    for leg in route.legs:
        fee = (leg.base_fee + leg.variable_fee) * leg.mid + leg.output_fee
        lost = fee, leg.amount_in * leg.mid - fee - leg.unrounded_out, leg.unrounded_out - leg.amount_out
        weight = _weight(route, leg)
        if weight != 1:
            lost = weight * lost[0], weight * lost[1], weight * lost[2]
        fees, impact, rounding = fees + lost[0], impact + lost[1], rounding + lost[2]
    total = fees + impact + rounding
    exact_in = route.mode is Mode.EXACT_IN
    reference = route.amount_out + total if exact_in else route.amount_in - total
    return Costs(reference, fees, impact, rounding)


def _weight(route: Route, leg: Leg) -> Fraction:
    """Return what one unit of the leg's token out is worth in the open token, at the mids of the path."""
    if route.mode is Mode.EXACT_IN:
        if leg.token_out == route.token_out:
            return Fraction(1)
        onward = [other for other in route.legs if other.token_in == leg.token_out]
        return sum((other.amount_in * other.mid for other in onward), Fraction(0)) / sum(
            other.amount_in for other in onward
        )
    if leg.token_in == route.token_in:
        return 1 / leg.mid
    feeding = [other for other in route.legs if other.token_out == leg.token_in]
    paid = sum((other.amount_out / other.mid for other in feeding), Fraction(0))
    return paid / sum(other.amount_out for other in feeding) / leg.mid


def recorded_costs(route: Route) -> RecordedCosts:
    """Return the costs as they are kept. Only running sums are rounded, so the parts still add up."""
    costs = route_costs(route)
    token = route.token_out if route.mode is Mode.EXACT_IN else route.token_in
    sign = -1 if route.mode is Mode.EXACT_IN else 1
    scale = 10**COST_DIGITS
    points = [round(costs.reference * scale)]
    running = costs.reference
    for cost in (costs.fees, costs.impact, costs.rounding):
        running += sign * cost
        points.append(round(running * scale))
    fees, impact, rounding = (sign * (after - before) for before, after in pairwise(points))
    return RecordedCosts(token, points[0], fees, impact, rounding)
