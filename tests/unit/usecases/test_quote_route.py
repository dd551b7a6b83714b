"""Asking venues: all at once, none of them for longer than the deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event
from typing import Any

import pytest

from dexec.domain.errors import NoVenue
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.usecases.quote_route import QuoteRoute
from tests.proofs.simulation.world import SWAP
from tests.support.fakes import FakeClock, FakeVenue, SameThread


class Slow(FakeVenue):
    """A venue that answers when it is let."""

    def __init__(self, name: str, clock: FakeClock, let_go: Event) -> None:
        super().__init__(name, clock)
        self._let_go = let_go

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        self._let_go.wait(30)
        return super().read(pairs)


class Meeting(FakeVenue):
    """A venue that answers only while the others are being asked as well."""

    def __init__(self, name: str, clock: FakeClock, barrier: Barrier) -> None:
        super().__init__(name, clock)
        self._barrier = barrier

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        self._barrier.wait(30)
        return super().read(pairs)


class Broken(FakeVenue):
    """A venue whose adapter has a bug."""

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        raise KeyError("bug")


@pytest.fixture
def clock() -> FakeClock:
    """Return the time."""
    return FakeClock()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return threads to ask with."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_all_venues_are_asked_at_once(clock: FakeClock, threads: ThreadPoolExecutor) -> None:
    barrier = Barrier(2)
    venues = [Meeting(name, clock, barrier) for name in ("raydium", "meteora")]
    route = QuoteRoute(venues, clock, threads, 30, 5_000)(SWAP).route
    assert {quote.venue for quote in route.quotes} == {"raydium", "meteora"}
    assert route.skipped == ()


def test_a_slow_venue_is_skipped(clock: FakeClock, threads: ThreadPoolExecutor) -> None:
    let_go = Event()
    venues = [Slow("raydium", clock, let_go), FakeVenue("meteora", clock)]
    route = QuoteRoute(venues, clock, threads, 0.05, 5_000)(SWAP).route
    let_go.set()
    assert {quote.venue for quote in route.quotes} == {"meteora"}
    (failure,) = route.skipped
    assert (failure.venue, failure.reason) == ("raydium", "no answer within 50 ms")


def test_a_venue_that_refuses_is_skipped(clock: FakeClock) -> None:
    venues = [FakeVenue("raydium", clock), FakeVenue("meteora", clock)]
    venues[0].failures = 1
    quote_route = QuoteRoute(venues, clock, SameThread(), 0.4, 5_000)
    assert [failure.venue for failure in quote_route(SWAP).route.skipped] == ["raydium"]
    assert quote_route(SWAP).route.skipped == ()


def test_without_any_venue_there_is_no_route(clock: FakeClock) -> None:
    venues = [FakeVenue("raydium", clock), FakeVenue("meteora", clock)]
    for venue in venues:
        venue.failures = 1
    with pytest.raises(NoVenue):
        QuoteRoute(venues, clock, SameThread(), 0.4, 5_000)(SWAP)


def test_a_bug_is_not_taken_for_a_refusal(clock: FakeClock) -> None:
    venues = [Broken("raydium", clock), FakeVenue("meteora", clock)]
    with pytest.raises(KeyError):
        QuoteRoute(venues, clock, SameThread(), 0.4, 5_000)(SWAP)


@pytest.mark.parametrize(
    ("request_", "lamports", "cost"),
    [
        # A lamport is 0.15 units of USDC, roughly: what is paid in SOL is compared in the token that is open.
        (SWAP, 5_000, pytest.approx(750, rel=0.1)),
        (replace(SWAP, mode=Mode.EXACT_OUT, amount=150 * 10**6), 5_000, 5_000),
        (replace(SWAP, token_in="USDC", token_out="SOL", amount=150 * 10**6), 5_000, 5_000),
        (SWAP, 6, 1),
        (SWAP, 7, 2),
        (SWAP, 1, 1),
        (SWAP, 0, 0),
    ],
)
def test_a_leg_costs_what_its_fee_is_worth_in_the_open_token(
    clock: FakeClock, request_: RouteRequest, lamports: int, cost: int
) -> None:
    venues = [FakeVenue(name, clock) for name in ("raydium", "meteora")]
    quote_route = QuoteRoute(venues, clock, SameThread(), 0.4, lamports)
    assert quote_route(request_).route.leg_cost == cost


def test_quotes_are_as_old_as_the_question(clock: FakeClock) -> None:
    decision = QuoteRoute([FakeVenue("raydium", clock, latency_s=0.2)], clock, SameThread(), 0.4, 5_000)(SWAP)
    assert decision.age_s(clock.now()) == pytest.approx(0.2)


class Answering(SameThread):
    """Asks all but the first venue, whose question stays in the queue."""

    def __init__(self) -> None:
        self.queued: Future[Any] = Future()
        self._is_first = True

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._is_first:
            self._is_first = False
            return self.queued
        return super().submit(fn, *args, **kwargs)


def test_a_question_that_came_too_late_is_taken_back(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def waited(futures: Iterable[Future[Any]], seconds: float) -> object:
        waits.append(seconds)
        return set(), {one for one in futures if not one.done()}

    monkeypatch.setattr("dexec.usecases.quote_route.wait", waited)
    threads = Answering()
    venues = [FakeVenue("raydium", clock), FakeVenue("meteora", clock)]
    route = QuoteRoute(venues, clock, threads, 2, 5_000)(SWAP).route
    assert waits == [2]
    assert [failure.reason for failure in route.skipped] == ["no answer within 2000 ms"]
    assert threads.queued.cancelled()


def test_a_leg_costs_nothing_where_no_pool_prices_it(clock: FakeClock) -> None:
    swap = replace(SWAP, token_in="USDC", token_out="USDT", amount=150 * 10**6)
    route = QuoteRoute([FakeVenue("raydium", clock)], clock, SameThread(), 0.4, 5_000)(swap).route
    assert route.leg_cost == 0
