"""Limits that may fill: quoted for their whole amount, clients in turn, and looked at again in time."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from dexec.domain.lifecycle import Status
from dexec.domain.quote import RouteRequest
from dexec.domain.routing import find_route
from dexec.domain.waiting.conditions import Kind, Limit, Trail
from dexec.domain.waiting.lookup import LIMITS, Part
from dexec.domain.waiting.terms import Terms
from dexec.ports import BookTick, Bound
from dexec.usecases.fit_limits import best_price, fit_limits
from dexec.usecases.judge import Book
from dexec.usecases.reference import reference_prices
from tests.support.fakes import START, FakeClock, FakeVenue
from tests.support.watched import BOOK, Stage, price

POOLS = tuple(FakeVenue(name, FakeClock()).read([BOOK]) for name in ("raydium", "meteora"))
FAIR = reference_prices([BOOK], POOLS, {"SOL": 10**8, "USDC": 10**7})[BOOK].reference


def at_market(seconds: int = 60) -> Stage:
    """Return a stage whose prices are those of real pools."""
    stage = Stage([FAIR * 1000] * seconds)
    stage.market.snapshots = POOLS
    return stage


def limit(part: Fraction) -> Terms:
    """Return a limit at a part of the reference, rounded down to a millionth."""
    return Terms(limit=Limit(price(f"{float(FAIR * part * 1000):.6f}")))


def test_a_limit_goes_when_its_whole_amount_fills() -> None:
    stage = at_market()
    small, far = stage.place(limit(Fraction(999, 1000))), stage.place(limit(Fraction(1001, 1000)))
    assert stage.watch(2) == {"ticks": 2, "triggered": 1}
    assert stage.why(small).by is Kind.LIMIT
    assert stage.read(far).status is Status.OPEN
    taken = stage.read(small)
    assert taken.trades.limit is not None
    assert find_route(taken.trades, POOLS, failures=(), leg_cost=0).amount_out >= taken.trades.limit


def test_a_limit_that_is_too_large_waits_for_the_price_it_needs() -> None:
    stage = at_market()
    large = stage.place(limit(Fraction(999, 1000)), amount=10**14)
    assert stage.watch(2) == {"ticks": 2, "moved": 1}, "it is quoted once, not at each tick"
    stored = stage.backend.audit.waiting()[large.id, Part.LIMIT]
    assert stored.row.at == START + timedelta(seconds=30)
    assert stage.read(large).status is Status.OPEN
    stage.market.prices = [FAIR * 1000 * 50]
    assert stage.watch(2)["moved"] == 1, "at the price that it needed, it is quoted again"


def test_a_limit_that_was_too_large_is_quoted_again_after_a_while() -> None:
    stage = at_market()
    large = stage.place(limit(Fraction(999, 1000)), amount=10**14)
    stage.watch(2)
    assert stage.watch(27) == {"ticks": 27}
    assert stage.watch(3) == {"ticks": 3, "moved": 1}
    stage.market.prices = [FAIR * 990]
    stage.watch(31)
    stored = stage.backend.audit.waiting()[large.id, Part.LIMIT]
    assert (stored.row.group, stored.row.at) == (LIMITS, None), "the price has left it: it waits as it did"


def test_one_clients_many_limits_leave_another_its_turn() -> None:
    stage = at_market()
    for _ in range(150):
        stage.place(limit(Fraction(990, 1000)), amount=10**14)
    bobs = stage.place(limit(Fraction(999, 1000)), "bob")
    assert stage.watch(1) == {"ticks": 1, "triggered": 1, "moved": 99}
    assert stage.why(bobs).slot == 1_000
    assert stage.watch(1)["moved"] == 51
    assert stage.watch(1) == {"ticks": 1}


def test_what_a_smaller_amount_misses_is_not_quoted_for_a_greater_one() -> None:
    stage = at_market()
    small = stage.place(limit(Fraction(999, 1000)), amount=10**14)
    large = stage.place(limit(Fraction(999, 1000)), amount=10**15)
    easy = stage.place(limit(Fraction(1, 100)), amount=10**14)
    found = stage.backend.waits.due_by_price([Bound(BOOK, LIMITS, -(2**62), 100)])
    book = Book()
    book.add(BookTick(BOOK, 1_000, START, FAIR, FAIR))
    asked: list[RouteRequest] = []

    def quote(request: RouteRequest) -> Fraction | None:
        asked.append(request)
        return best_price(request, POOLS, 0)

    in_order = sorted(found, key=lambda one: [small.id, large.id, easy.id].index(one.order.id))
    fitted = fit_limits(in_order, {BOOK: book}, quote, START, lambda: True)
    assert [request.amount for request in asked] == [10**14, 10**14]
    assert [one.order_id for one in fitted.moved] == [small.id, large.id]
    assert [change.after.id for change in fitted.changes] == [easy.id]


def test_a_limit_is_looked_at_again_when_its_rest_is_over() -> None:
    stage = at_market()
    order = stage.place(limit(Fraction(999, 1000)))
    stage.watch(1)
    stage.queue.messages.clear()
    stage.rest_again(order)
    assert stage.watch(1) == {"ticks": 1}
    assert stage.watch(1) == {"ticks": 1, "triggered": 1}


def test_the_tick_that_wakes_a_trail_and_meets_the_take_profit_beside_it_does_both() -> None:
    stage = at_market()
    profit = limit(Fraction(999, 1000)).limit
    assert profit is not None
    trail = Trail(100, price(f"{float(FAIR * 999):.6f}"))
    order = stage.place(Terms(limit=profit, stop=trail))
    assert stage.watch(1) == {"ticks": 1, "activated": 1, "triggered": 1}, (
        "it may not be met at the next tick"
    )
    assert stage.why(order).by is Kind.LIMIT
    waiting = stage.read(order).waiting
    assert waiting is not None
    assert waiting.is_active, "should it rest, the trail follows the price from that tick on"
