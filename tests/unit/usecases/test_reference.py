"""Reference prices: one look at the venues prices many books, each in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest, VenueFailure
from dexec.domain.tokens import parse_token_amounts
from dexec.usecases.quote_route import QuoteRoute
from dexec.usecases.reference import Reference, opposite, reference_prices
from tests.support.fakes import FakeClock, FakeVenue, SameThread

AMOUNTS = parse_token_amounts("SOL=0.1,USDC=10,USDT=10,RAY=5,JUP=10,BONK=500000")
SOL_USDC = Pair("SOL", "USDC")


@pytest.fixture
def route() -> QuoteRoute:
    """Return a router over two venues."""
    clock = FakeClock()
    venues = [FakeVenue("raydium", clock), FakeVenue("meteora", clock)]
    return QuoteRoute(venues, clock, SameThread(), 0.4, 5_000)


def test_the_reference_is_what_the_router_gives_for_the_amount(route: QuoteRoute) -> None:
    look = Reference(route, AMOUNTS)([SOL_USDC])
    taken = route(RouteRequest(Mode.EXACT_IN, "SOL", "USDC", AMOUNTS["SOL"])).route
    back = route(RouteRequest(Mode.EXACT_IN, "USDC", "SOL", AMOUNTS["USDC"])).route
    price = look.prices[SOL_USDC]
    assert price.reference == Fraction(taken.amount_out, taken.amount_in)
    assert price.mid == (price.reference + Fraction(back.amount_in, back.amount_out)) / 2
    assert look.venues == {"raydium", "meteora"}


class Asked(FakeVenue):
    """A venue that keeps what it is asked for."""

    pairs: Sequence[Pair] = ()

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        assert not self.pairs, "it is asked once"
        self.pairs = pairs
        return super().read(pairs)


def test_one_look_prices_many_books_and_asks_for_each_pair_once() -> None:
    clock = FakeClock()
    venue = Asked("raydium", clock)
    books = [SOL_USDC, opposite(SOL_USDC), Pair("USDC", "USDT")]
    look = Reference(QuoteRoute([venue], clock, SameThread(), 0.4, 5_000), AMOUNTS)(books)
    assert look.prices.keys() == {SOL_USDC, opposite(SOL_USDC)}, "of the third, there are no pools"
    assert len(venue.pairs) == len({frozenset((one.token_in, one.token_out)) for one in venue.pairs})


def test_a_book_without_pools_has_no_price(route: QuoteRoute) -> None:
    assert reference_prices([SOL_USDC], [], AMOUNTS) == {}
    look = Reference(replace(route, venues=()), AMOUNTS)([SOL_USDC])
    assert (look.slot, look.prices, look.venues) == (0, {}, frozenset())


def test_a_look_is_as_of_the_newest_slot_that_a_venue_answered_with(route: QuoteRoute) -> None:
    class Ahead(FakeVenue):
        def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
            return replace(super().read(pairs), slot=10**6)

    venues = [*route.venues, Ahead("raydium", FakeClock()), *route.venues]
    assert Reference(replace(route, venues=venues), AMOUNTS)([SOL_USDC]).slot == 10**6


class Lagging(FakeVenue):
    """A venue whose node is some slots behind."""

    behind: int = 0

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        snapshot = super().read(pairs)
        return replace(snapshot, slot=snapshot.slot - self.behind)


@pytest.mark.parametrize(("behind", "counts"), [(0, True), (5, True), (6, False), (10**6, False)])
def test_a_venue_that_lags_behind_another_has_not_answered(
    route: QuoteRoute, behind: int, *, counts: bool
) -> None:
    lagging = Lagging("meteora", FakeClock())
    lagging.behind = behind
    look = Reference(replace(route, venues=[route.venues[0], lagging]), AMOUNTS)([SOL_USDC])
    names = {"raydium", "meteora"} if counts else {"raydium"}
    assert look.venues == names == {one.venue for one in look.snapshots}
    newest = route.venues[0].read([SOL_USDC]).slot
    said = f"its pools are of slot {newest - behind}, another venue's of {newest}"
    assert look.failures == (() if counts else (VenueFailure("meteora", said),))
    assert look.slot == newest
    one = Reference(replace(route, venues=route.venues[:1]), AMOUNTS)([SOL_USDC])
    assert (look.prices == one.prices) is not counts


@pytest.mark.parametrize("token", ["SOL", "USDC"])
def test_a_book_that_can_be_traded_in_one_direction_alone_has_no_price(token: str) -> None:
    pools = [FakeVenue("raydium", FakeClock()).read([SOL_USDC])]
    assert reference_prices([SOL_USDC], pools, AMOUNTS)
    assert reference_prices([SOL_USDC], pools, AMOUNTS | {token: 10**40}) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SOL=0.1", "no amount of"),
        ("SOL=0.1,SOL=1", "twice"),
        ("SOL=x", "no amount of a token"),
        ("SOL", "no amount of a token"),
        ("ETH=1", "unknown token"),
    ],
)
def test_amounts_are_checked(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_token_amounts(text)
