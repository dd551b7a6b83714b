"""Routing an order: candidates of one venue, one path and several; the best of them, and its gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.arithmetic import BPS
from dexec.domain.errors import InsufficientLiquidity, NoVenue
from dexec.domain.quote import (
    EXACT_OUT,
    Alternative,
    Mode,
    PoolSnapshot,
    Quote,
    Route,
    RouteRequest,
    VenueFailure,
    signed_limit,
)
from dexec.domain.routing.bound import Demand, best_bound
from dexec.domain.routing.legs import with_shares
from dexec.domain.routing.multipath import split_over_paths
from dexec.domain.routing.paths import Flow, Path, find_paths
from dexec.domain.routing.reach import find_reach
from dexec.domain.routing.reasons import describe, explain_choice, explain_reach
from dexec.domain.routing.single import quote_venues, refusals
from dexec.domain.routing.split import Split


@dataclass(frozen=True, slots=True)
class Candidate:
    """A whole route in the making: the flows over one path or several, and their totals."""

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

    def net(self, mode: Mode, leg_cost: int) -> int:
        """Return what counts, legs paid for: what comes out (exact in), or what is paid in (exact out)."""
        cost = leg_cost * self.leg_count
        return self.amount_in + cost if mode is EXACT_OUT else self.amount_out - cost


@dataclass(frozen=True, slots=True)
class _Problem:
    """A request over the paths that the snapshots open."""

    request: RouteRequest
    paths: list[Path]
    quotes: list[Quote]
    failures: tuple[VenueFailure, ...]
    leg_cost: int

    def loss(self, candidate: Candidate) -> int:
        mode = self.request.mode
        net = candidate.net(mode, self.leg_cost)
        return net if mode is EXACT_OUT else -net

    def solved(self) -> list[Candidate]:
        """Return the best flow of each path that can trade the amount."""
        request = self.request
        flows = (path.solve(request.amount, request.mode, self.leg_cost) for path in self.paths)
        return [Candidate.over(flow) for flow in flows if flow is not None]

    def can_trade(self, amount: int) -> bool:
        """Return whether any path, or several together, can trade an amount."""
        other = replace(self, request=replace(self.request, amount=amount), leg_cost=0)
        solved = other.solved()
        return any(one.is_possible for one in solved) or any(
            one.is_possible for one in other.multipath(solved)
        )

    def multipath(self, solved: Sequence[Candidate]) -> list[Candidate]:
        """Return the best combinations of paths, where there are several."""
        alone = {flow.path: flow.price for one in solved for flow in one.flows}
        prices = [alone.get(path, 0) for path in self.paths]
        request = self.request
        found = split_over_paths(self.paths, prices, request.amount, request.mode, self.leg_cost)
        return [Candidate.over(*flows) for flows in found]

    def found(self, solved: Sequence[Candidate]) -> list[Candidate]:
        """Return single venues, single paths and combinations of paths, in this order."""
        singles = [_single(self, quote, solved) for quote in self.quotes]
        return [*singles, *solved, *self.multipath(solved)]

    def candidates(self, solved: Sequence[Candidate]) -> list[Candidate]:
        """Return those found that can be."""
        return [candidate for candidate in self.found(solved) if candidate.is_possible]

    def best(self, candidates: Sequence[Candidate]) -> Candidate:
        """Return the best one.

        The first of equals wins: a single venue before a split, a deeper and faster one before another.
        """
        return min(candidates, key=self.loss)

    def bound(self, chosen: Candidate, solved: Sequence[Candidate]) -> int:
        """Return the tightest bound at the prices of the candidates, and at the best price of any path.

        At that one no pool gains, so it is as good as tight for an order that hardly moves the market; the
        price that a few base units trade at is too coarse then.
        """
        via_prices: dict[str, list[int]] = {}
        for candidate in (chosen, *solved):
            for flow in candidate.flows:
                if flow.path.via_token is not None:
                    via_prices.setdefault(flow.path.via_token, []).append(flow.splits[-1].price)
        prices = {flow.price for flow in chosen.flows} | {max(path.best_price for path in self.paths)}
        demand = Demand(self.request.amount, self.request.mode, self.leg_cost)
        return best_bound(self.paths, demand, prices, via_prices)


def find_route(
    request: RouteRequest,
    snapshots: Sequence[PoolSnapshot],
    *,
    failures: Sequence[VenueFailure] = (),
    leg_cost: int = 0,
) -> Route:
    """Return the best route for ``request`` over ``snapshots``.

    ``leg_cost`` is what each leg costs beside its fees, in base units of the token whose amount is open
    (token out for exact in, token in for exact out). ``failures`` are venues that could not be asked.
    Raises ``NoVenue`` when no venue has a pool to offer, or too little while others are left out, and
    ``InsufficientLiquidity`` when all pools together cannot trade the amount, or only with amounts that no
    balance can hold (``MAX_BASE_UNITS``).
    """
    problem = _problem(request, snapshots, failures, leg_cost)
    solved = problem.solved()
    candidates = problem.candidates(solved)
    if not candidates:
        raise _too_little(problem, snapshots)
    chosen = problem.best(candidates)
    return _make_route(problem, chosen, candidates, problem.bound(chosen, solved))


def find_amounts(
    request: RouteRequest, snapshots: Sequence[PoolSnapshot], *, leg_cost: int = 0
) -> tuple[int, int] | None:
    """Return the amounts in and out of the route that ``find_route`` finds; None where it raises.

    It tells neither what else there was nor how good any route could be, which is half of the work.
    """
    try:
        problem = _problem(request, snapshots, (), leg_cost)
    except NoVenue:
        return None
    candidates = problem.candidates(problem.solved())
    if not candidates:
        return None
    chosen = problem.best(candidates)
    return chosen.amount_in, chosen.amount_out


def bound_price(request: RouteRequest, snapshots: Sequence[PoolSnapshot]) -> Fraction | None:
    """Return a price, token out per token in, that no route for the whole amount beats, whatever legs cost.

    None where no single path trades it. It takes a tenth of the work of a route over many pools.
    """
    try:
        problem = _problem(request, snapshots, (), 0)
    except NoVenue:
        return None
    solved = problem.solved()
    if not solved:
        return None
    bound = max(1, problem.bound(problem.best(solved), solved))
    return Fraction(request.amount, bound) if request.mode is EXACT_OUT else Fraction(bound, request.amount)


def _problem(
    request: RouteRequest,
    snapshots: Sequence[PoolSnapshot],
    failures: Sequence[VenueFailure],
    leg_cost: int,
) -> _Problem:
    paths = find_paths(request.token_in, request.token_out, snapshots)
    if not paths:
        raise _no_venue(request, failures)
    return _Problem(request, paths, quote_venues(request, snapshots), tuple(failures), leg_cost)


def _too_little(problem: _Problem, snapshots: Sequence[PoolSnapshot]) -> NoVenue | InsufficientLiquidity:
    request = problem.request
    if failures := [*problem.failures, *refusals(request, snapshots)]:
        return _no_venue(request, failures)
    message = explain_reach(request, find_reach(request.amount, problem.can_trade))
    if problem.found(problem.solved()):
        message += f"; more would take an amount above {MAX_BASE_UNITS} base units, the most of any balance"
    return InsufficientLiquidity(message)


def _no_venue(request: RouteRequest, failures: Sequence[VenueFailure]) -> NoVenue:
    why = "; ".join(f"{failure.venue}: {failure.reason}" for failure in failures) or "no pool trades them"
    return NoVenue(f"no venue can trade {request.token_in} for {request.token_out} now ({why})")


def _single(problem: _Problem, quote: Quote, solved: Sequence[Candidate]) -> Candidate:
    """Return the candidate that takes one venue's quote as it is, priced as the whole direct path."""
    direct = problem.paths[0]
    edges = direct.hops[0].edges
    place = next(index for index, edge in enumerate(edges) if edge.pool.id == quote.pool_id)
    amounts_in, amounts_out = [0] * len(edges), [0] * len(edges)
    amounts_in[place], amounts_out[place] = quote.amount_in, quote.amount_out
    flows = (flow for candidate in solved for flow in candidate.flows if flow.path is direct)
    price = next((flow.price for flow in flows), direct.best_price)
    return Candidate.over(Flow(direct, (Split(tuple(amounts_in), tuple(amounts_out), price),)))


def _make_route(problem: _Problem, chosen: Candidate, candidates: Sequence[Candidate], bound: int) -> Route:
    request = problem.request
    legs = [leg for flow in chosen.flows for leg in flow.legs(request.mode)]
    legs.sort(key=lambda leg: leg.hop)
    alternatives = _alternatives(problem, chosen, candidates)
    return Route(
        mode=request.mode,
        token_in=request.token_in,
        token_out=request.token_out,
        amount_in=chosen.amount_in,
        amount_out=chosen.amount_out,
        limit=signed_limit(request, chosen.amount_in, chosen.amount_out),
        legs=with_shares(legs),
        quotes=tuple(problem.quotes),
        alternatives=alternatives,
        reason=explain_choice(describe(chosen.flows), alternatives, problem.failures),
        leg_cost=problem.leg_cost,
        bound=bound,
        gap_bps=_worse_bps(problem, bound, chosen.net(request.mode, problem.leg_cost)),
        skipped=problem.failures,
        slot=min(leg.slot for leg in legs),
    )


def _alternatives(
    problem: _Problem, chosen: Candidate, candidates: Sequence[Candidate]
) -> tuple[Alternative, ...]:
    """Return the other candidates, the closest first, each way of trading once."""
    mode = problem.request.mode
    best = chosen.net(mode, problem.leg_cost)
    taken = describe(chosen.flows)
    others: dict[str, Alternative] = {}
    for candidate in sorted(candidates, key=problem.loss):
        description = describe(candidate.flows)
        if description == taken or description in others:
            continue
        cost = _worse_bps(problem, best, candidate.net(mode, problem.leg_cost))
        others[description] = Alternative(description, candidate.amount_in, candidate.amount_out, cost)
    return tuple(others.values())


def _worse_bps(problem: _Problem, better: int, worse: int) -> Fraction:
    """Return by how much ``worse`` nets less than ``better``, in bps of the latter."""
    loss = worse - better if problem.request.mode is EXACT_OUT else better - worse
    return Fraction(loss * BPS, max(1, better))
