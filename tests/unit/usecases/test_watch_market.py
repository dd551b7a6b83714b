"""The loop that ticks a shard, over a scripted market: what it triggers and when, and when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from dexec.adapters.paper.simulator import PaperMarket
from dexec.domain.errors import CommitUnknown, StoreConflict, StoreUnavailable
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, Triggered
from dexec.domain.quote import Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import find_route
from dexec.domain.waiting.conditions import Kind, Limit, Stop, Trail
from dexec.domain.waiting.lookup import LIMITS, Part
from dexec.domain.waiting.prices import Price, Unit
from dexec.domain.waiting.steps import rest
from dexec.domain.waiting.terms import Terms
from dexec.ports import BookTick, Bound, ShardLease
from dexec.usecases.fit_limits import best_price, fit_limits
from dexec.usecases.judge import Book
from dexec.usecases.reference import Look, reference_prices
from tests.support.fakes import START
from tests.support.watched import BOOK, VENUES, Stage


def price(text: str) -> Price:
    return Price(text, BOOK)


def stop(text: str, confirm_ticks: int = 2) -> Terms:
    return Terms(stop=Stop(price(text), confirm_ticks=confirm_ticks))


def test_a_stop_goes_when_its_ticks_confirm_it() -> None:
    stage = Stage([150, 139, 150, 140, 139, 150])
    order = stage.place(stop("140"))
    assert stage.watch(9) == {"ticks": 6, "triggered": 1}, "one more, that saw nothing wait"
    assert stage.read(order).status is Status.TRIGGERED
    told = Triggered(Kind.STOP, Fraction(139, 1000), Fraction(140, 1000), slot=1_004, unit=Unit(BOOK))
    assert stage.why(order) == told
    assert stage.queued == [order.id]
    assert not stage.backend.waits.is_ticked(0, stage.clock.now()), "nothing waits: the lease is given up"


def test_a_trail_follows_the_highest_price_once_it_is_active() -> None:
    stage = Stage([150, 200, 190, 160, 161, 170, 167, 166])
    plain = stage.place(Terms(stop=Trail(2_000, confirm_ticks=1)))
    asleep = stage.place(Terms(stop=Trail(200, price("170"), confirm_ticks=1)), "bob")
    assert stage.watch(3) == {"ticks": 3, "triggered": 1, "activated": 1}
    assert (stage.why(asleep).slot, stage.why(asleep).threshold) == (1_002, Fraction(196, 1000))
    late = stage.place(Terms(stop=Trail(200, price("165"), confirm_ticks=1)), "bob")
    assert stage.watch(5) == {"ticks": 5, "triggered": 2, "activated": 1}
    assert (stage.why(plain).slot, stage.why(plain).threshold) == (1_003, Fraction(160, 1000))
    assert (stage.why(late).slot, stage.why(late).threshold) == (1_007, Fraction(1_666, 10_000))


def test_nothing_waits_nothing_is_asked() -> None:
    stage = Stage()
    assert stage.watch(60) == {}
    assert stage.market.looks == 0
    assert stage.clock.now() == START
    assert stage.tokens == 0, "it did not even take the lease"


def test_of_both_conditions_the_stop_decides() -> None:
    """They cannot be met at once but where an amendment crossed them."""
    stage = Stage([150])
    order = stage.place(Terms(limit=Limit(price("140")), stop=Stop(price("160"), confirm_ticks=1)))
    stage.watch(2)
    assert stage.why(order).by is Kind.STOP


def test_an_order_expires_though_its_stop_is_reached() -> None:
    stage = Stage([150, 150, 130])
    order = stage.place(stop("140", 1), expires_at=START + timedelta(seconds=2))
    assert stage.watch(5) == {"ticks": 4, "expired": 1}
    ended = stage.read(order)
    assert (ended.status, ended.error and ended.error.code) == (Status.EXPIRED, "deadline_passed")
    assert stage.queued == []


def test_a_stop_that_rested_goes_on_by_the_time_whatever_the_price_does() -> None:
    stage = Stage([150, 130, 130, 170])
    order = stage.place(stop("140"))
    stage.watch(4)
    stage.queue.messages.clear()
    rested_at = rest_again(stage, order)
    stage.watch(4)
    assert stage.read(order).status is Status.TRIGGERED
    assert stage.read(order).updated_at - rested_at == timedelta(seconds=1)
    assert stage.queued == [order.id]


def rest_again(stage: Stage, order: Order) -> datetime:
    """Have an executor take an order, and let it rest."""
    now = stage.clock.now()
    taken = stage.backend.orders.claim(order.id, "executor", now, now + timedelta(seconds=25)).order
    assert taken is not None
    stage.backend.orders.save(rest(taken, now, Failure("no_venue", "none")))
    return now


# --- looks that do not count -------------------------------------------------------------------------


def test_a_venue_that_is_late_moves_no_price() -> None:
    stage = Stage([150, 130, 130, 150])
    stage.market.venues = lambda second: VENUES if second not in (1, 2) else frozenset({"orca"})
    order = stage.place(stop("140", 1))
    assert stage.watch(4) == {"ticks": 2}
    assert stage.read(order).status is Status.OPEN


def test_a_venue_that_is_gone_for_ten_seconds_is_not_waited_for() -> None:
    stage = Stage([150, 130])
    stage.market.venues = lambda second: VENUES if second < 1 else frozenset({"orca"})
    order = stage.place(stop("140", 1))
    stage.watch(12)
    assert stage.why(order).slot == 1_010


def test_the_next_function_knows_which_venues_the_last_tick_had() -> None:
    stage = Stage([150, 150, 130])
    stage.market.venues = lambda second: VENUES if second < 2 else frozenset({"orca"})
    order = stage.place(stop("140", 1))
    stage.watch(2)
    assert stage.watch(3) == {}
    assert stage.read(order).status is Status.OPEN


def test_a_look_that_took_too_long_is_no_tick() -> None:
    stage = Stage([130])
    stage.market.took_s = 2.5
    order = stage.place(stop("140", 1))
    assert stage.watch(6) == {}
    assert stage.read(order).status is Status.OPEN


def test_where_the_market_has_no_price_orders_still_expire() -> None:
    stage = Stage([None])
    order = stage.place(stop("140"), expires_at=START + timedelta(seconds=4))
    assert stage.watch(8) == {"expired": 1}
    assert stage.read(order).status is Status.EXPIRED


# --- who ticks ---------------------------------------------------------------------------------------


def test_a_function_leaves_a_shard_that_another_ticks() -> None:
    stage = Stage()
    stage.place(stop("140"))
    stage.backend.waits.take_shard(0, "other", START, START + timedelta(seconds=99))
    assert stage.watch(9) == {}
    assert stage.clock.now() == START


def test_the_schedules_function_takes_over_from_the_one_that_ticks() -> None:
    stage = Stage()
    stage.place(stop("140"))
    first, ends_at = stage.function(), START + timedelta(seconds=20)
    taken: list[object] = []
    look = stage.market.__call__

    def knock(pairs: Sequence[Pair]) -> Look:
        if stage.market.looks == 3:
            now = stage.clock.now()
            taken.append(
                stage.backend.waits.take_shard(0, "next", now, now + timedelta(seconds=5), knocks=True)
            )
        return look(pairs)

    watched = replace(first, look_at=knock)(0, ends_at)
    assert taken == [None]
    assert watched.counts["ticks"] >= 4
    assert stage.clock.now() >= ends_at - timedelta(seconds=4), "who knocked has ended: it went on"


def test_an_order_placed_at_the_last_moment_is_seen() -> None:
    """It is committed while the lease is held, so whoever placed it started nothing."""
    stage = Stage([150, 150, 150, 130])
    stage.place(stop("140"), expires_at=START + timedelta(seconds=1))
    waits = stage.backend.waits
    late: list[Order] = []
    leave = waits.leave_shard

    def leaves(lease: ShardLease) -> None:
        if not late:
            late.append(stage.place(stop("140", 1)))
            assert waits.is_ticked(0, stage.clock.now())
        leave(lease)

    waits.leave_shard = leaves  # type: ignore[method-assign]
    stage.watch(6)
    assert stage.read(late[0]).status is Status.TRIGGERED


# --- what fails on the way ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["groups", "record", "due_by_price", "due_by_time", "apply", "judged"])
@pytest.mark.parametrize(
    ("error", "is_done"),
    [(StoreUnavailable("away"), False), (CommitUnknown("lost"), False), (CommitUnknown("lost"), True)],
    ids=["refused", "unknown", "answer lost"],
)
def test_a_call_of_the_store_that_fails_costs_a_tick_at_the_most(
    method: str, error: Exception, is_done: bool
) -> None:
    stage = Stage([150, 150, 150, 130])
    order = stage.place(stop("140", 1))
    waits = stage.backend.waits
    real, calls = getattr(waits, method), [0]

    def fails(*args: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] != (1 if method == "apply" else 3):
            return real(*args, **named)
        if is_done:
            real(*args, **named)
        raise error

    setattr(waits, method, fails)
    watched = stage.function()(0, START + timedelta(seconds=15))
    assert len(watched.errors) == 1
    assert stage.read(order).status is Status.TRIGGERED
    assert set(stage.queued) == {order.id}


def test_a_conflict_holds_up_one_order_alone() -> None:
    stage = Stage([130])
    orders = [stage.place(stop("140", 1)) for _ in range(7)]
    waits = stage.backend.waits
    apply = waits.apply

    def conflicts(changes: Sequence[Change]) -> object:
        if any(change.after.id == orders[3].id for change in changes):
            raise StoreConflict("contended")
        return apply(changes)

    waits.apply = conflicts  # type: ignore[assignment, method-assign]
    assert stage.watch(1)["triggered"] == 6
    assert stage.read(orders[3]).status is Status.OPEN


def test_a_message_that_is_lost_is_sent_again() -> None:
    stage = Stage([130])
    order = stage.place(stop("140", 1))
    stage.queue.is_away = True
    stage.watch(1)
    stage.queue.is_away = False
    assert stage.watch(4) == {}, "it may be on its way"
    stage.clock.advance(5)
    assert stage.watch(4) == {"resent": 1}
    assert stage.queued == [order.id]
    stage.clock.advance(5)
    assert stage.watch(4) == {}, "the queue shows its message"


# --- many --------------------------------------------------------------------------------------------


def test_one_gap_triggers_all_and_the_statements_do_not_grow_with_what_waits() -> None:
    calls: dict[int, Counter[str]] = {}
    for waiting in (10, 1_300):
        stage = Stage([150, 150, 150, 130])
        for number in range(waiting):
            stage.place(stop("120" if number % 2 else "110"), "bob" if number % 3 else "alice")
        calls[waiting] = counted(stage)
        stage.watch(3)
    assert calls[10] == calls[1_300]
    orders = [stage.place(stop("140", 1), "bob" if number % 3 else "alice") for number in range(1_200)]
    assert stage.watch(1) == {"ticks": 1, "triggered": 1_200}
    assert len(stage.queued) == 1_200
    assert {stage.why(order).slot for order in orders} == {1_003}


def counted(stage: Stage) -> Counter[str]:
    """Return the counts of the calls of the store that its functions will make."""
    counts: Counter[str] = Counter()
    waits = stage.backend.waits
    for name in (
        "groups",
        "record",
        "due_by_price",
        "due_by_time",
        "judged",
        "move",
        "lost",
        "ticks",
        "apply",
    ):
        setattr(waits, name, counting(name, getattr(waits, name), counts))
    return counts


def counting(name: str, method: Callable[..., object], counts: Counter[str]) -> Callable[..., object]:
    def call(*args: object) -> object:
        counts[name] += 1
        return method(*args)

    return call


# --- limits ------------------------------------------------------------------------------------------

MARKET = PaperMarket(7)
POOLS = tuple(PoolSnapshot(one, 1_000, MARKET.pools(one, [BOOK], 1_000), 1) for one in ("raydium", "meteora"))
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
    rest_again(stage, order)
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
