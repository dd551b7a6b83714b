"""Finding the route of an order over what the venues answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.arithmetic import BPS
from dexec.domain.errors import InsufficientLiquidity, NoVenue
from dexec.domain.quote import (
    Alternative,
    Mode,
    Quote,
    Reading,
    Route,
    RouteRequest,
    VenueTrouble,
    slippage_limit,
)
from dexec.domain.routing.bound import Demand, best_bound
from dexec.domain.routing.lanes import Flow, Lane, find_lanes
from dexec.domain.routing.legs import with_shares
from dexec.domain.routing.mix import mix
from dexec.domain.routing.reasons import describe, explain_choice
from dexec.domain.routing.single import quote_venues, refusals
from dexec.domain.routing.split import Split


@dataclass(frozen=True, slots=True)
class Candidate:
    """A whole route in the making: the flows over one lane or several, and their totals."""

    flows: tuple[Flow, ...]
    amount_in: int
    amount_out: int
    leg_count: int

    @classmethod
    def over(cls, *flows: Flow) -> Candidate:
        """Return the candidate that these flows make up."""
        return cls(
            flows,
            sum(flow.amount_in for flow in flows),
            sum(flow.amount_out for flow in flows),
            sum(flow.leg_count for flow in flows),
        )

    @property
    def is_possible(self) -> bool:
        """Whether every amount that it moves is one that a balance can hold."""
        splits = (found for flow in self.flows for found in flow.splits)
        amounts = (amount for found in splits for amount in (found.amount_in, found.amount_out))
        return max(self.amount_in, self.amount_out, *amounts) <= MAX_BASE_UNITS

    def net(self, side: int, leg_cost: int) -> int:
        """Return what counts, legs paid for: what comes out (side 0), or what is paid in (side 1)."""
        cost = leg_cost * self.leg_count
        return self.amount_in + cost if side else self.amount_out - cost


@dataclass(frozen=True, slots=True)
class _Problem:
    """A request over the lanes that the readings open; ``side`` is 0 for exact in, 1 for exact out."""

    request: RouteRequest
    lanes: list[Lane]
    quotes: list[Quote]
    troubles: tuple[VenueTrouble, ...]
    side: int
    leg_cost: int

    def loss(self, candidate: Candidate) -> int:
        net = candidate.net(self.side, self.leg_cost)
        return net if self.side else -net

    def solved(self) -> list[Candidate]:
        """Return the best flow of each lane that can trade the amount."""
        flows = (lane.solve(self.request.amount, self.side, self.leg_cost) for lane in self.lanes)
        return [Candidate.over(flow) for flow in flows if flow is not None]

    def mixed(self, solved: Sequence[Candidate]) -> list[Candidate]:
        """Return the best combinations of lanes, where there are several."""
        if len(solved) < 2:
            return []
        alone = [candidate.flows[0] for candidate in sorted(solved, key=self.loss)]
        found = mix(alone, self.request.amount, self.side, self.leg_cost)
        return [Candidate.over(*flows) for flows in found]

    def bound(self, chosen: Candidate, solved: Sequence[Candidate]) -> int:
        """Return the tightest bound at the prices of the candidates."""
        mid_prices: dict[str, list[int]] = {}
        for candidate in (chosen, *solved):
            for flow in candidate.flows:
                if flow.lane.mid_token is not None:
                    mid_prices.setdefault(flow.lane.mid_token, []).append(flow.splits[-1].price)
        prices = {flow.price for flow in chosen.flows}
        demand = Demand(self.request.amount, self.side, self.leg_cost)
        return best_bound(self.lanes, demand, prices, mid_prices)


def find_route(
    request: RouteRequest,
    readings: Sequence[Reading],
    *,
    troubles: Sequence[VenueTrouble] = (),
    leg_cost: int = 0,
) -> Route:
    """Return the best route for ``request`` over ``readings``.

    ``leg_cost`` is what each leg costs beside its fees, in base units of the token whose amount is open
    (token out for exact in, token in for exact out). ``troubles`` are venues that could not be asked.
    Raises ``NoVenue`` when no venue has a pool to offer, or too little while others are left out, and
    ``InsufficientLiquidity`` when all pools together cannot trade the amount, or only with amounts that no
    balance can hold (``MAX_BASE_UNITS``).
    """
    lanes = find_lanes(request.token_in, request.token_out, readings)
    if not lanes:
        raise _no_venue(request, troubles)
    quotes = quote_venues(request, readings)
    side = int(request.mode is Mode.EXACT_OUT)
    problem = _Problem(request, lanes, quotes, tuple(troubles), side, leg_cost)
    solved = problem.solved()
    singles = [_single(problem, quote, solved) for quote in quotes]
    found = [*singles, *solved, *problem.mixed(solved)]
    candidates = [candidate for candidate in found if candidate.is_possible]
    if not candidates:
        unable = [*troubles, *refusals(request, readings)]
        raise _too_little(request, unable, is_for_size=bool(found))
    # The first of equals wins: a single venue before a split, a deeper and faster one before another.
    chosen = min(candidates, key=problem.loss)
    return _make_route(problem, chosen, candidates, problem.bound(chosen, solved))


def _too_little(
    request: RouteRequest, troubles: Sequence[VenueTrouble], *, is_for_size: bool
) -> NoVenue | InsufficientLiquidity:
    if troubles:
        return _no_venue(request, troubles)
    message = f"the pools cannot trade this amount of {request.token_in} for {request.token_out}"
    if is_for_size:
        message += f" without an amount above {MAX_BASE_UNITS} base units, the most that a balance can hold"
    return InsufficientLiquidity(message)


def _no_venue(request: RouteRequest, troubles: Sequence[VenueTrouble]) -> NoVenue:
    why = "; ".join(f"{trouble.venue}: {trouble.reason}" for trouble in troubles) or "no pool trades them"
    return NoVenue(f"no venue can trade {request.token_in} for {request.token_out} now ({why})")


def _single(problem: _Problem, quote: Quote, solved: Sequence[Candidate]) -> Candidate:
    """Return the candidate that takes one venue's quote as it is, priced as the whole direct lane."""
    direct = problem.lanes[0]
    edges = direct.hops[0].edges
    place = next(index for index, edge in enumerate(edges) if edge.pool.id == quote.pool_id)
    amounts_in, amounts_out = [0] * len(edges), [0] * len(edges)
    amounts_in[place], amounts_out[place] = quote.amount_in, quote.amount_out
    flows = (flow for candidate in solved for flow in candidate.flows if flow.lane is direct)
    price = next((flow.price for flow in flows), direct.best_price)
    return Candidate.over(Flow(direct, (Split(tuple(amounts_in), tuple(amounts_out), price),)))


def _make_route(problem: _Problem, chosen: Candidate, candidates: Sequence[Candidate], bound: int) -> Route:
    request = problem.request
    legs = [leg for flow in chosen.flows for leg in flow.legs(problem.side)]
    legs.sort(key=lambda leg: leg.hop)
    alternatives = _alternatives(problem, chosen, candidates)
    return Route(
        mode=request.mode,
        token_in=request.token_in,
        token_out=request.token_out,
        amount_in=chosen.amount_in,
        amount_out=chosen.amount_out,
        limit=slippage_limit(request.mode, chosen.amount_in, chosen.amount_out, request.slippage_bps),
        legs=with_shares(legs),
        quotes=tuple(problem.quotes),
        alternatives=alternatives,
        reason=explain_choice(describe(chosen.flows), alternatives, problem.troubles),
        leg_cost=problem.leg_cost,
        bound=bound,
        gap_bps=_worse_bps(problem, bound, chosen.net(problem.side, problem.leg_cost)),
        left_out=problem.troubles,
        slot=min(leg.slot for leg in legs),
    )


def _alternatives(
    problem: _Problem, chosen: Candidate, candidates: Sequence[Candidate]
) -> tuple[Alternative, ...]:
    """Return the other candidates, the closest first, each way of trading once."""
    best = chosen.net(problem.side, problem.leg_cost)
    taken = describe(chosen.flows)
    others: dict[str, Alternative] = {}
    for candidate in sorted(candidates, key=problem.loss):
        description = describe(candidate.flows)
        if description == taken or description in others:
            continue
        cost = _worse_bps(problem, best, candidate.net(problem.side, problem.leg_cost))
        others[description] = Alternative(description, candidate.amount_in, candidate.amount_out, cost)
    return tuple(others.values())


def _worse_bps(problem: _Problem, better: int, worse: int) -> Fraction:
    """Return by how much ``worse`` nets less than ``better``, in bps of the latter."""
    return Fraction((worse - better if problem.side else better - worse) * BPS, max(1, better))
