"""Why a route was chosen, or why there is none, in a sentence for the client."""

from __future__ import annotations

from collections.abc import Sequence

from dexec.domain.amounts import format_decimal
from dexec.domain.quote import EXACT_OUT, Alternative, RouteRequest, VenueFailure
from dexec.domain.routing.paths import Flow
from dexec.domain.routing.reach import Reach
from dexec.domain.routing.record import rounded
from dexec.domain.tokens import format_units


def describe(flows: Sequence[Flow]) -> str:
    """Return what a route does, such as "meteora 81 % and raydium 19 %" or "two hops through USDC"."""
    if len(flows) > 1:
        total = sum(flow.amount_in for flow in flows)
        parts = [f"{_percent(flow.amount_in, total)} {_name(flow)}" for flow in flows]
        return f"split: {', '.join(parts[:-1])} and {parts[-1]}"
    (flow,) = flows
    if flow.path.via_token is not None:
        return f"two hops {_name(flow)}"
    used = sorted(flow.used(), key=lambda use: use[2], reverse=True)
    if len(used) == 1:
        return f"{used[0][1].pool.venue} alone"
    shares = [f"{edge.pool.venue} {_percent(amount, flow.amount_in)}" for _, edge, amount, _ in used]
    return f"split over {', '.join(shares[:-1])} and {shares[-1]}"


def explain_choice(
    description: str, alternatives: Sequence[Alternative], skipped: Sequence[VenueFailure]
) -> str:
    """Return the sentence that says why the route was chosen, and who was not asked."""
    if alternatives:
        closest = min(alternatives, key=lambda other: other.cost_bps)
        ahead = format_decimal(rounded(closest.cost_bps, 2))
        reason = f"{description} nets the most, {ahead} bps more than {closest.description}"
    else:
        reason = f"{description} is the only way to trade this now"
    missing = "".join(f"; {failure.venue} was left out: {failure.reason}" for failure in skipped)
    return reason[0].upper() + reason[1:] + missing


def _name(flow: Flow) -> str:
    return "direct" if flow.path.via_token is None else f"through {flow.path.via_token}"


def _percent(part: int, whole: int) -> str:
    return f"{(200 * part + whole) // (2 * whole)} %"


def explain_reach(request: RouteRequest, reach: Reach | None) -> str:
    """Say why the pools cannot trade a request's amount, and what they can."""
    pair = f"{request.token_in} for {request.token_out}"
    if reach is None:
        return f"the pools cannot trade any amount of {pair} now"
    fixed, other = request.token_in, request.token_out
    if request.mode is EXACT_OUT:
        fixed, other = other, fixed
    asked, nearest = (f"{format_units(amount, fixed)} {fixed}" for amount in (request.amount, reach.nearest))
    if reach.side == "too small":
        why = f"{asked} is worth less than the smallest unit of {other}"
        return f"the amount is too small: {why}; the least that the pools trade is about {nearest}"
    return f"the amount is too large: of {pair}, the pools trade at most about {nearest} now, not {asked}"
