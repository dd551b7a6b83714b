"""Reference prices of books: what the router gives for a small fixed amount, by one look at the venues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest, VenueFailure
from dexec.domain.routing import find_amounts, pairs_for
from dexec.usecases.quote_route import QuoteRoute, cost_of_leg

MOST_BEHIND_SLOTS = 5
"""A venue whose pools are so many slots (of 0.4 s) older than another's still counts."""


@dataclass(frozen=True, slots=True)
class Prices:
    """A book's reference, and the mean of it and the opposite book's inverse.

    Both are base units of token out per base unit of token in.
    """

    reference: Fraction
    mid: Fraction


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the venues says: the prices of each book that has some, as of the newest ``slot``.

    ``venues`` are those that answered, ``failures`` those that did not; ``asked_at`` is when they were asked.
    """

    asked_at: datetime
    slot: int
    prices: Mapping[Pair, Prices]
    venues: frozenset[str]
    failures: tuple[VenueFailure, ...]
    snapshots: tuple[PoolSnapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """The use case; ``amounts`` are what is priced, base units of token in by symbol."""

    quote_route: QuoteRoute
    amounts: Mapping[str, int]

    def __call__(self, pairs: Sequence[Pair]) -> Look:
        """Ask the venues once and price each of the books; one whose node lags behind has not answered."""
        asked_at = self.quote_route.clock.now()
        found, failures = self.quote_route.ask(_read_for(pairs))
        newest = max((snapshot.slot for snapshot in found), default=0)
        lagging = [one for one in found if newest - one.slot > MOST_BEHIND_SLOTS]
        failures += [_failure(one, newest) for one in lagging]
        snapshots = [one for one in found if one not in lagging]
        prices = reference_prices(pairs, snapshots, self.amounts, self.quote_route.leg_cost_lamports)
        return Look(
            asked_at,
            newest,
            prices,
            frozenset(snapshot.venue for snapshot in snapshots),
            tuple(failures),
            tuple(snapshots),
        )


def reference_prices(
    pairs: Iterable[Pair],
    snapshots: Sequence[PoolSnapshot],
    amounts: Mapping[str, int],
    leg_cost_lamports: int = 0,
) -> dict[Pair, Prices]:
    """Return the prices of books by the states of the pools; one that cannot be traded both ways has none.

    ``amounts`` are base units of token in, by symbol.
    """
    references: dict[Pair, Fraction | None] = {}

    def reference(pair: Pair) -> Fraction | None:
        if pair not in references:
            references[pair] = _reference(pair, snapshots, amounts, leg_cost_lamports)
        return references[pair]

    prices = {}
    for pair in pairs:
        ahead, back = reference(pair), reference(opposite(pair))
        if ahead is not None and back is not None:
            prices[pair] = Prices(ahead, (ahead + 1 / back) / 2)
    return prices


def _failure(snapshot: PoolSnapshot, newest: int) -> VenueFailure:
    return VenueFailure(snapshot.venue, f"its pools are of slot {snapshot.slot}, another venue's of {newest}")


def opposite(pair: Pair) -> Pair:
    """Return the book of the other direction."""
    return Pair(pair.token_out, pair.token_in)


def _reference(
    pair: Pair, snapshots: Sequence[PoolSnapshot], amounts: Mapping[str, int], leg_cost_lamports: int
) -> Fraction | None:
    request = RouteRequest(Mode.EXACT_IN, pair.token_in, pair.token_out, amounts[pair.token_in])
    leg_cost = cost_of_leg(leg_cost_lamports, request, snapshots)
    amounts_of = find_amounts(request, snapshots, leg_cost=leg_cost)
    return None if amounts_of is None else Fraction(amounts_of[1], amounts_of[0])


def _read_for(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs whose pools are needed, each once and in either direction."""
    needed: dict[frozenset[str], Pair] = {}
    for pair in pairs:
        for one in pairs_for(pair.token_in, pair.token_out):
            needed.setdefault(frozenset((one.token_in, one.token_out)), one)
    return list(needed.values())
