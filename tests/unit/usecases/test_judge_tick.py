"""Judging a tick: what fails on the way, and how much it costs when very much is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from dexec.domain.errors import CommitUnknown, StoreConflict, StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change
from tests.support.fakes import START
from tests.support.watched import Stage, stop


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


def test_what_may_have_been_triggered_is_queued_at_once() -> None:
    stage = Stage([130])
    order = stage.place(stop("140", 1))
    apply = stage.backend.waits.apply

    def answer_lost(changes: Sequence[Change]) -> object:
        apply(changes)
        raise CommitUnknown("lost")

    stage.backend.waits.apply = answer_lost  # type: ignore[assignment, method-assign]
    stage.function()(0, START + timedelta(seconds=3.5))
    assert stage.queued == [order.id]


def test_a_conflict_holds_up_one_order_alone() -> None:
    stage = Stage([130])
    orders = [stage.place(stop("140", 1)) for _ in range(7)]
    waits = stage.backend.waits
    apply = waits.apply

    def conflicts(changes: Sequence[Change]) -> object:
        if any(change.after.id == orders[-1].id for change in changes):
            raise StoreConflict("contended")
        return apply(changes)

    waits.apply = conflicts  # type: ignore[assignment, method-assign]
    assert stage.watch(1)["triggered"] == 6
    assert stage.read(orders[-1]).status is Status.OPEN


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


@pytest.mark.parametrize(("most", "waiting", "asked"), [(2, 3, 2), (1, 2, 3), (3, 3, 2)])
def test_as_long_as_a_statement_finds_all_it_may_there_is_another(
    monkeypatch: pytest.MonkeyPatch, most: int, waiting: int, asked: int
) -> None:
    monkeypatch.setattr("dexec.usecases.judge.MOST_TRIGGERED", most)
    stage = Stage([130])
    for _ in range(waiting):
        stage.place(stop("140", 1))
    calls = counted(stage)
    assert stage.watch(0.5) == {"ticks": 1, "triggered": waiting}
    assert calls["due_by_price"] == asked


def test_where_nothing_can_be_written_nothing_more_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dexec.usecases.judge.MOST_TRIGGERED", 1)
    stage = Stage([130])
    stage.place(stop("140", 1))
    monkeypatch.setattr(stage.backend.waits, "apply", lambda _: {})
    calls = counted(stage)
    assert stage.watch(0.5) == {"ticks": 1}
    assert calls["due_by_price"] == 1


def test_orders_that_end_are_written_half_as_many_at_once_each_under_a_lease_that_is_kept() -> None:
    stage = Stage([150])
    for _ in range(300):
        stage.place(stop("140"), expires_at=START)
    apply, sizes = stage.backend.waits.apply, list[int]()

    def slowly(changes: Sequence[Change]) -> object:
        sizes.append(len(changes))
        stage.clock.advance(2)
        return apply(changes)

    stage.backend.waits.apply = slowly  # type: ignore[assignment, method-assign]
    calls = counted(stage)
    assert stage.watch(1)["expired"] == 300
    assert (sizes, calls["keep_shard"]) == ([250, 50], 2)


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
        "keep_shard",
    ):
        setattr(waits, name, counting(name, getattr(waits, name), counts))
    return counts


def counting(name: str, method: Callable[..., object], counts: Counter[str]) -> Callable[..., object]:
    def call(*args: object) -> object:
        counts[name] += 1
        return method(*args)

    return call
