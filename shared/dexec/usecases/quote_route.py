"""Asks all venues concurrently, under a deadline, and chooses the route."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime

from dexec.domain.errors import DexecError
from dexec.domain.quote import Pair, PoolSnapshot, Route, RouteRequest, VenueFailure
from dexec.domain.routing import find_route, pairs_for
from dexec.domain.tokens import NATIVE
from dexec.ports import Clock, Venue


@dataclass(frozen=True, slots=True)
class Decision:
    """A route, when the states of the pools that it rests on were asked for, and these states."""

    route: Route
    asked_at: datetime
    snapshots: Sequence[PoolSnapshot] = ()

    def age_s(self, now: datetime) -> float:
        """Return how old the quotes are."""
        return (now - self.asked_at).total_seconds()


@dataclass(frozen=True, slots=True)
class QuoteRoute:
    """The use case; ``threads`` asks the venues, each gets ``deadline_s`` to answer."""

    venues: Sequence[Venue]
    clock: Clock
    threads: Executor
    deadline_s: float
    leg_cost_lamports: int

    def __call__(self, request: RouteRequest) -> Decision:
        """Return the best route that the venues offer in time.

        Raises ``NoVenue`` if none answers in time, ``InsufficientLiquidity`` if none can trade the amount.
        """
        asked_at = self.clock.now()
        snapshots, failures = self.ask(pairs_for(request.token_in, request.token_out))
        leg_cost = cost_of_leg(self.leg_cost_lamports, request, snapshots)
        route = find_route(request, snapshots, failures=failures, leg_cost=leg_cost)
        return Decision(route, asked_at, snapshots)

    def ask(self, pairs: Sequence[Pair]) -> tuple[list[PoolSnapshot], list[VenueFailure]]:
        """Return what the venues say of the pools of these pairs, and which were left out."""
        asked: dict[Future[PoolSnapshot], Venue] = {
            self.threads.submit(venue.read, pairs): venue for venue in self.venues
        }
        _, late = wait(asked, self.deadline_s)
        snapshots, failures = [], []
        for future, venue in asked.items():
            if future in late:
                future.cancel()
                reason = f"no answer within {self.deadline_s * 1000:.0f} ms"
                failures.append(VenueFailure(venue.name, reason))
            elif isinstance(error := future.exception(), DexecError):
                failures.append(VenueFailure(venue.name, str(error)))
            elif error is not None:
                raise error
            else:
                snapshots.append(future.result())
        return snapshots, failures


def cost_of_leg(lamports: int, request: RouteRequest, snapshots: Sequence[PoolSnapshot]) -> int:
    """Return the cost of a leg in the token whose amount is open, at the first pool that prices it."""
    token = request.open_token
    if token == NATIVE or not lamports:
        return lamports
    for snapshot in snapshots:
        for pool in snapshot.pools:
            if {pool.token_x, pool.token_y} == {token, NATIVE}:
                return -(-lamports * pool.curve(NATIVE).mid // 1)
    return 0
