"""The loop that ticks a shard, over a scripted market: what it triggers and when, and when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from unittest.mock import patch

import pytest

from dexec.domain.errors import CommitUnknown, StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, Triggered
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, Limit, Stop, Trail
from dexec.domain.waiting.prices import Unit
from dexec.domain.waiting.steps import trigger, untrigger
from dexec.domain.waiting.terms import Terms
from dexec.domain.waiting.ticks import shard_of
from dexec.ports import BookTick, ShardLease
from dexec.usecases.execute_order import HALTED
from dexec.usecases.reference import Look
from dexec.usecases.watch_market import Watched
from tests.contract.samples import PAUSED, connect
from tests.contract.waiting_samples import EXITS, LIMIT, USDC_SOL, bracket
from tests.support.fakes import START
from tests.support.watched import BOOK, FIRST_SLOT, VENUES, Stage, price, stop


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


def test_a_trail_that_a_halt_sends_back_to_wait_still_knows_its_highest_price() -> None:
    stage = Stage([200] + [170] * 450 + [150])
    stage.place(stop("100"))
    order = stage.place(Terms(stop=Trail(2_000, confirm_ticks=1)))
    assert stage.watch(452)["triggered"] == 1

    def look(pairs: Sequence[Pair]) -> Look:
        now = stage.clock.now()
        if now == START + timedelta(seconds=552):
            taken = stage.backend.orders.claim(order.id, "executor", now, now + timedelta(seconds=25)).order
            assert taken is not None
            stage.backend.orders.save(untrigger(taken, now, HALTED))
            assert stage.read(order).status is Status.OPEN
        return stage.market(pairs)

    replace(stage.function(), look_at=look)(0, START + timedelta(seconds=560))
    assert stage.read(order).status is Status.TRIGGERED, "200 was seen, and the price is still 25 % below"


def test_a_trail_that_fired_and_rested_long_still_knows_its_highest_price_after_a_halt() -> None:
    stage = Stage([200, 150])
    stage.place(stop("100"))
    order = stage.place(Terms(stop=Trail(2_000, confirm_ticks=1), stop_limit=price("155")))
    assert stage.watch(2)["triggered"] == 1
    stage.rest_again(order)
    assert "triggered" not in stage.watch(1_000)
    stage.backend.audit.trigger(order.id)
    now = stage.clock.now()
    taken = stage.backend.orders.claim(order.id, "executor", now, now + timedelta(seconds=25)).order
    assert taken is not None
    stage.backend.orders.save(untrigger(taken, now, HALTED))
    assert stage.watch(1)["triggered"] == 1, "200 was seen, and the price is still 25 % below"


def test_nothing_waits_nothing_is_asked() -> None:
    stage = Stage()
    assert stage.function()(0, START + timedelta(seconds=60)) == Watched(0, Counter(), timedelta(0), [])
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
    rested_at = stage.rest_again(order)
    stage.watch(4)
    assert stage.read(order).status is Status.TRIGGERED
    assert stage.read(order).updated_at - rested_at == timedelta(seconds=1)
    assert stage.queued == [order.id]


def test_a_stream_hears_of_all_that_expires_at_once_now_or_from_the_sweeper(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dexec.usecases.announce_changes.MOST_PUSHED", 1)
    stage = Stage()
    entries = [bracket(LIMIT), bracket(LIMIT)]
    for new in entries:
        stage.backend.orders.place(
            replace(new, order=replace(new.order, expires_at=START + timedelta(seconds=1))), None, None
        )
    connect(stage.backend, "stream", stream=True)
    assert stage.watch(3)["expired"] == 2
    ended = {one.id for new in entries for one in (new.order, new.exit) if one is not None}
    heard = {str(frame["orderId"]) for frame in stage.push.frames["stream"]}
    left = {order.id for order, _, _ in stage.backend.watching.undelivered(stage.clock.now(), 9)}
    assert (len(heard), len(left), heard | left) == (2, 2, ended)


# --- looks that do not count -------------------------------------------------------------------------


def test_a_venue_that_is_late_moves_no_price() -> None:
    stage = Stage([150, 130, 130, 150])
    stage.market.venues = lambda second: VENUES if second not in (1, 2) else frozenset({"orca"})
    order, waits = stage.place(stop("140", 1)), stage.backend.waits
    with patch.object(waits, "due_by_price", wraps=waits.due_by_price) as asked:
        assert stage.watch(4) == {"ticks": 2}
    assert asked.call_count == 2, "a tick is judged once"
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
    looked_s: list[float] = []
    look = stage.market.__call__

    def knock(pairs: Sequence[Pair]) -> Look:
        looked_s.append((stage.clock.now() - START).total_seconds())
        if stage.market.looks == 3:
            now = stage.clock.now()
            taken.append(
                stage.backend.waits.take_shard(0, "next", now, now + timedelta(seconds=5), knocks=True)
            )
        return look(pairs)

    replace(first, look_at=knock)(0, ends_at)
    assert taken == [None]
    assert looked_s == [0, 1, 2, 3, *(second + 3.5 for second in range(14))], (
        "who knocked has ended: it went on"
    )


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


def test_a_book_in_which_something_begins_to_wait_is_part_of_the_next_tick() -> None:
    stage = Stage()
    stage.place(stop("140"))

    def look(pairs: Sequence[Pair]) -> Look:
        if USDC_SOL not in pairs:
            stage.place(EXITS, pair=USDC_SOL)
        return stage.market(pairs)

    replace(stage.function(), look_at=look)(0, START + timedelta(seconds=5))
    assert [tick.slot for tick in stage.backend.waits.ticks([USDC_SOL], 0)] == [FIRST_SLOT + 1]


@pytest.mark.parametrize(("patience_s", "ticks"), [(5, 2), (4.75, 0), (0, 0)])
def test_who_knocks_waits_for_the_shard_no_longer_than_it_may(patience_s: float, ticks: int) -> None:
    stage = Stage()
    stage.place(stop("140"))
    waits = stage.backend.waits
    other = waits.take_shard(0, "other", START, START + timedelta(seconds=5))
    assert other is not None
    watched = stage.function()(0, START + timedelta(seconds=10), patience_s)
    assert watched.counts["ticks"] == ticks
    assert stage.clock.now() == START + timedelta(seconds=7 if ticks else patience_s)
    kept = waits.keep_shard(other, START)
    assert ticks or (kept is not None and kept.is_wanted is (patience_s > 0))


def test_a_shard_that_was_ticked_to_the_end_is_not_knocked_at_again() -> None:
    stage = Stage([130])
    stage.place(stop("140", 1))
    waits, leave = stage.backend.waits, stage.backend.waits.leave_shard

    def taken_next(lease: ShardLease) -> None:
        leave(lease)
        stage.place(stop("140", 1))
        waits.take_shard(0, "next", stage.clock.now(), START + timedelta(seconds=99))

    waits.leave_shard = taken_next  # type: ignore[method-assign]
    watched = stage.function()(0, START + timedelta(seconds=30), 20)
    assert watched.counts["ticks"] == 2
    assert stage.clock.now() == START + timedelta(seconds=2)


def test_triggered_orders_without_messages_are_the_first_shards_care() -> None:
    stage = Stage()
    lost = stage.place(stop("140"))
    stage.backend.audit.trigger(lost.id)
    stage.place(stop("140"))
    stage.queue.messages.clear()
    function = replace(stage.function(), shards=4)
    stage.clock.advance(5)
    assert shard_of(BOOK, 4) == 2
    for shard, resent in ((2, 0), (0, 1)):
        watched = function(shard, stage.clock.now() + timedelta(seconds=4))
        assert watched.counts["resent"] == resent
    assert stage.queued == [lost.id]


def test_a_stop_without_a_message_is_sent_again_during_a_halt_so_that_it_rests() -> None:
    """Left as it is, it would be executed after the halt, whatever the price is by then."""
    stage = Stage([130])
    order = stage.place(stop("140", 1))
    stage.queue.is_away = True
    assert stage.watch(1)["triggered"] == 1
    stage.queue.is_away = False
    stage.backend.control.stop(PAUSED)
    stage.clock.advance(5)
    assert stage.watch(1) == {"resent": 1}
    assert stage.queued == [order.id]


@pytest.mark.parametrize(("after_s", "resent"), [(4.999, {}), (5, {"resent": 1})])
def test_the_first_tick_looks_for_what_is_lost_beside_what_waits(
    after_s: float, resent: dict[str, int]
) -> None:
    stage = Stage()
    stage.place(stop("140"))
    stage.backend.audit.trigger(stage.place(stop("140")).id)
    stage.clock.advance(after_s)
    assert stage.watch(1) == {"ticks": 1, **resent}


@pytest.mark.parametrize(
    ("price", "left"), [(150, [5, 4, 4, 4]), (None, [5, 4, 3, 4])], ids=["recorded after an error", "kept"]
)
def test_the_lease_lasts_from_look_to_look(price: int | None, left: list[int]) -> None:
    stage = Stage([price])
    stage.place(stop("140"))
    waits, left_s = stage.backend.waits, list[int]()
    record = waits.record

    def fails_once(*given: object) -> object:
        waits.record = record  # type: ignore[method-assign]
        raise StoreUnavailable("away")

    def look(pairs: Sequence[Pair]) -> Look:
        now = stage.clock.now()
        left_s.append(sum(waits.is_ticked(0, now + timedelta(seconds=second)) for second in range(9)))
        return stage.market(pairs)

    waits.record = fails_once  # type: ignore[assignment, method-assign]
    replace(stage.function(), look_at=look)(0, START + timedelta(seconds=7))
    assert left_s == left


def test_ticks_that_nothing_needs_are_pruned_in_the_middle_of_a_run_and_each_minute() -> None:
    stage = Stage()
    stage.place(stop("140"))
    waits, pruned = stage.backend.waits, list[tuple[float, float]]()

    def prune(pair: Pair, kept: Sequence[int], before: datetime) -> int:
        pruned.append(((stage.clock.now() - START).total_seconds(), (START - before).total_seconds()))
        assert (pair, len(kept)) == (BOOK, 1), "of equal prices, the last"
        return 0

    waits.prune = prune  # type: ignore[method-assign]
    stage.watch(100)
    assert pruned == [(30, 870), (90, 810)]


def test_the_longest_tick_is_measured_and_delays_no_other() -> None:
    stage = Stage()
    stage.place(stop("140"))
    stage.market.took_s = 0.4
    watched = stage.function()(0, START + timedelta(seconds=6))
    assert (watched.counts["ticks"], watched.longest_tick) == (3, timedelta(seconds=0.4))


def test_who_lost_the_lease_while_no_price_came_stops() -> None:
    stage = Stage([None])
    stage.place(stop("140"))
    waits, kept = stage.backend.waits, list[float]()

    def lost(*_: object) -> None:
        kept.append((stage.clock.now() - START).total_seconds())

    waits.keep_shard = waits.leave_shard = lost  # type: ignore[method-assign, assignment]
    # Its lease goes to the next: it is taken once.
    take = iter([waits.take_shard(0, "mine", START, START)])
    waits.take_shard = lambda *_, **__: next(take, None)  # type: ignore[method-assign]
    assert stage.watch(20) == {}
    assert kept == [2], "it was kept after a third of its five seconds, and not left"


@pytest.mark.parametrize(
    ("lost", "errors", "ticks"),
    [(None, 1, 0), (StoreUnavailable("still away"), 2, 2), (CommitUnknown("lost"), 2, 2)],
    ids=["lease lost", "still away", "answer lost"],
)
def test_after_an_error_it_goes_on_unless_another_ticks(
    lost: Exception | None, errors: int, ticks: int
) -> None:
    stage = Stage()
    stage.place(stop("140"))
    waits = stage.backend.waits
    take, record = waits.take_shard, waits.record

    def take_fails(*_: object, **__: object) -> None:
        if lost is not None:
            waits.take_shard = take  # type: ignore[method-assign]
            raise lost

    def record_fails(*_: object) -> None:
        waits.record, waits.take_shard = record, take_fails  # type: ignore[method-assign]
        raise StoreUnavailable("away")

    waits.record = record_fails  # type: ignore[assignment, method-assign]
    watched = stage.function()(0, START + timedelta(seconds=6))
    assert (len(watched.errors), watched.counts["ticks"]) == (errors, ticks)


# --- what an earlier run left undone -----------------------------------------------------------------


def undone(stage: Stage) -> None:
    """Record a tick of 130 as a function does that is killed then."""
    waits, now = stage.backend.waits, stage.clock.now()
    lease = waits.take_shard(0, "dead", now, now)
    assert lease is not None
    tick = BookTick(BOOK, FIRST_SLOT - 1, now, Fraction(130, 1000), Fraction(130, 1000))
    assert waits.record(lease, [tick], sorted(VENUES), now)


@pytest.mark.parametrize(("after_s", "status"), [(2, Status.TRIGGERED), (2.001, Status.OPEN)])
def test_a_tick_that_was_not_judged_is_judged_while_it_is_fresh_and_else_void(
    after_s: float, status: Status
) -> None:
    stage = Stage()
    order = stage.place(stop("140", 1))
    undone(stage)
    stage.clock.advance(after_s)
    stage.watch(1)
    assert stage.read(order).status is status
    slots = [tick.slot for tick in stage.backend.waits.ticks([BOOK], 0)]
    assert (FIRST_SLOT - 1 in slots) is (status is Status.TRIGGERED)


def test_what_was_triggered_by_a_tick_that_was_not_judged_is_sent_again_whatever_the_queue_shows() -> None:
    stage = Stage()
    stage.place(stop("120", 1))
    before, order = stage.place(stop("140", 1)), stage.place(stop("140", 1))
    stage.backend.audit.trigger(before.id)
    stage.clock.advance(1)
    undone(stage)
    waits = stage.backend.waits
    now = stage.clock.now()
    waits.apply([trigger(stage.read(order), now, Triggered(Kind.STOP))])
    stage.queue.send("another", "alice", 0)
    assert stage.watch(1)["resent"] == 1
    assert stage.queued == ["another", order.id]
