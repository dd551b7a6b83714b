"""Limits that may fill: quoted for their whole amount, clients in turn, and looked at again in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Triggered
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.routing import bound_price, find_amounts, find_route
from dexec.domain.routing.single import quote_venues
from dexec.domain.waiting.conditions import Kind, Limit, Stop, Trail
from dexec.domain.waiting.lookup import LIMITS, Part, limit_row
from dexec.domain.waiting.prices import price_key
from dexec.domain.waiting.terms import Terms
from dexec.ports import BookTick, Bound, Found, Moved
from dexec.usecases.fit_limits import best_price, fit_limits, postponed
from dexec.usecases.judge import Book
from dexec.usecases.reference import reference_prices
from tests.contract.waiting_samples import waiting
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


@pytest.mark.parametrize(("took_s", "triggered"), [(0.4, 1), (0.5, 0)])
def test_limits_are_quoted_in_the_first_half_of_a_tick(took_s: float, triggered: int) -> None:
    stage = at_market()
    stage.market.took_s = took_s
    stage.place(limit(Fraction(999, 1000)))
    assert stage.watch(0.5).get("triggered", 0) == triggered


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


# --- one look, with a quote that is made up ------------------------------------------------------------

LIMIT = Terms(limit=Limit(price("170")))
SELLS = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 10**9)
NEEDED = Fraction(170, 1000)
HALF_MINUTE = START + timedelta(seconds=30)


def waits(terms: Terms = LIMIT, request: RouteRequest | None = None, fired: Kind | None = None) -> Found:
    """Return a limit's row, as a store finds it."""
    order = waiting(terms).order
    assert order.waiting is not None
    order = replace(order, request=request or SELLS, waiting=replace(order.waiting, fired=fired))
    return Found(order, limit_row(Limit(price("170"))), order.seq)


def fit(
    found: Sequence[Found], answers: Sequence[Fraction | None], times: Sequence[bool] = (), slot: int = 1_000
) -> tuple[list[Triggered], list[Moved]]:
    """Fit limits while the reference is 170; return why some are triggered, and what is moved."""
    ticked = Book()
    ticked.add(BookTick(BOOK, slot, START, NEEDED, NEEDED))
    left, time = iter(answers), iter(times)
    fitted = fit_limits(found, {BOOK: ticked}, lambda _: next(left), START, lambda: next(time, True))
    assert not list(left), "as often as it was to be quoted"
    why = [change.events[-1].detail for change in fitted.changes]
    return [one for one in why if isinstance(one, Triggered)], list(fitted.moved)


def test_a_quote_that_is_just_enough_triggers_and_one_below_waits_for_the_reference_it_needs() -> None:
    below = NEEDED * 99 / 100
    one, much, dead, early = waits(), waits(), waits(), waits(Terms(limit=Limit(price("170.000001"))))
    much = replace(much, order=replace(much.order, request=replace(SELLS, amount=3 * 10**9)))
    dead = replace(dead, order=replace(dead.order, request=replace(SELLS, amount=2 * 10**9)))
    elsewhere = waits(request=RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 10**6))
    triggered, moved = fit([elsewhere, early, one, dead, much], [NEEDED, None, below])
    assert [(why.by, why.price, why.threshold, why.slot) for why in triggered] == [
        (Kind.LIMIT, NEEDED, NEEDED, 1_000)
    ]
    key = -price_key(NEEDED * 100 / 99)
    assert moved == [
        Moved(early.order.id, 1, Part.LIMIT, LIMITS, -price_key(Fraction(170_000_001, 10**9)), None),
        Moved(dead.order.id, 1, Part.LIMIT, None, dead.row.key, HALF_MINUTE),
        Moved(much.order.id, 1, Part.LIMIT, LIMITS, key, HALF_MINUTE),
    ]


def test_what_an_amount_misses_is_known_for_as_much_and_what_it_meets_is_not() -> None:
    more = waits(request=replace(SELLS, amount=2 * 10**9))
    assert len(fit([waits(), waits()], [NEEDED / 2])[1]) == 2
    triggered, moved = fit([waits(), more], [NEEDED, NEEDED / 2])
    assert (len(triggered), [one.order_id for one in moved]) == (1, [more.order.id])


def test_when_time_is_up_the_rest_is_left() -> None:
    _, moved = fit([waits(), waits(), waits()], [None], times=[True, False, True])
    assert len(moved) == 1


def test_a_stop_that_has_fired_goes_on_at_the_limit_beside_it() -> None:
    fired = waits(Terms(stop=Stop(price("180")), stop_limit=price("170")), fired=Kind.STOP)
    assert [one.by for one in fit([fired], [NEEDED])[0]] == [Kind.RETRY]


def test_an_amount_too_small_to_cost_a_unit_needs_one_for_one() -> None:
    request = RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 1)
    tiny = waits(Terms(limit=Limit(price("2000"))), request)
    ticked = Book()
    ticked.add(BookTick(BOOK, 1_000, START, Fraction(3), Fraction(3)))
    fitted = fit_limits([tiny], {BOOK: ticked}, lambda _: Fraction(3, 4), START, lambda: True)
    assert (len(fitted.changes), len(fitted.moved)) == (0, 1)


def test_a_limit_that_has_no_turn_comes_again() -> None:
    one = waits()
    assert postponed(one, START).at == HALF_MINUTE
    assert postponed(one, START).group == LIMITS
    resting = replace(one, row=limit_row(Limit(price("170")), START))
    assert postponed(resting, START) == Moved(one.order.id, 1, Part.LIMIT, LIMITS, one.row.key, None)


# --- the price of a whole amount -------------------------------------------------------------------------

LARGE = replace(SELLS, amount=10**14)


def price_of(limit: int | None) -> Fraction | None:
    return best_price(replace(LARGE, limit=limit), POOLS, 0)


def test_one_pool_is_enough_where_it_keeps_the_limit_and_else_all_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = next(iter(quote_venues(LARGE, POOLS)))
    both = find_amounts(LARGE, POOLS, leg_cost=0)
    assert both is not None
    assert both[1] > alone.amount_out
    for limit in (1, alone.amount_out):
        assert price_of(limit) == Fraction(alone.amount_out, LARGE.amount)
    for limit in (alone.amount_out + 1, both[1]):
        assert price_of(limit) == Fraction(both[1], both[0])
    bound = bound_price(LARGE, POOLS)
    assert price_of(2 * both[1]) == bound, "no route beats it"
    monkeypatch.setattr("dexec.usecases.fit_limits.bound_price", lambda *_: Fraction(2 * both[1], both[0]))
    assert price_of(2 * both[1]) == Fraction(both[1], both[0]), "a bound that meets the limit says nothing"


def test_what_cannot_be_traded_has_no_price() -> None:
    assert best_price(SELLS, (), 0) is None
