"""Notifying runs beside the order: no watcher slows it, and none misses an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import cast
from unittest.mock import patch

import pytest

from dexec.api.frames import first_frame
from dexec.domain.lifecycle import TERMINAL, Status, Step
from dexec.domain.order import Event as OrderEvent
from dexec.domain.order import Order
from dexec.ports import Connection, Watcher
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import MOST, World
from tests.support.eventually import eventually
from tests.support.executed import stored
from tests.support.fakes import FakeWatching

MAX_PUSH_FAILURES = 5
OPENING_S = 30
CROWD = 1_000
ALL = [1, 2, 3, 4, 5, 6]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return as many threads as a function has for its pushes."""
    with ThreadPoolExecutor(16) as threads:
        yield threads


@pytest.fixture
def stuck() -> Iterator[Event]:
    """Return what hanging clients wait for; it comes at the end at the latest."""
    event = Event()
    yield event
    event.set()


def watched(world: World, *connection_ids: str) -> Order:
    alice = world.client()
    order = world.place(alice)
    assert order is not None
    for connection_id in connection_ids:
        world.connect(connection_id, alice)
        world.subscribe(connection_id, order)
        world.push.frames[connection_id].clear()
    return order


def seqs(world: World, connection_id: str, order: Order) -> list[int]:
    return world.push.seqs(connection_id, order.id)


def hang_when(stuck: Event, names: set[str]) -> Callable[[str], None]:
    def hang(connection_id: str) -> None:
        if connection_id in names:
            stuck.wait(30)

    return hang


def test_no_step_waits_for_a_push(threads: ThreadPoolExecutor, stuck: Event) -> None:
    world = World(threads=threads, push_deadline_s=0)
    order = watched(world, "slow", "slower")
    world.push.hang = hang_when(stuck, {"slow", "slower"})
    world.deliver()
    assert stored(world).status is Status.CONFIRMED
    assert seqs(world, "slow", order) == []
    stuck.set()
    world.settle()
    check(world)


def test_a_thousand_watchers(threads: ThreadPoolExecutor) -> None:
    world = World(threads=threads, push_deadline_s=60)
    crowd = [f"c{n}" for n in range(CROWD)]
    order = watched(world, *crowd)
    world.push.gone = set(crowd[:100])
    world.push.failing = set(crowd[100:200])
    world.deliver()
    assert stored(world).status is Status.CONFIRMED
    assert all(seqs(world, one, order) == ALL for one in crowd[200:])
    known = [one for one in crowd if world.backend.watching.connection(one) is not None]
    assert known == crowd[100:], "those who are gone are forgotten, those who failed are not"
    world.push.failing.clear()
    world.settle()
    assert all(set(seqs(world, one, order)) == set(ALL) for one in crowd[100:])
    check(world)


def test_one_that_hangs_costs_the_others_nothing(threads: ThreadPoolExecutor, stuck: Event) -> None:
    world = World(threads=threads, push_deadline_s=0.3)
    order = watched(world, "slow", *(f"c{n}" for n in range(50)))
    world.push.hang = hang_when(stuck, {"slow"})
    world.deliver()
    assert all(seqs(world, f"c{n}", order) == ALL for n in range(50))
    assert seqs(world, "slow", order) == []
    stuck.set()
    world.settle()
    assert set(seqs(world, "slow", order)) == set(ALL)


def test_what_misses_the_deadline_is_delivered_later(threads: ThreadPoolExecutor, stuck: Event) -> None:
    world = World(threads=threads, push_deadline_s=0.05)
    crowd = [f"c{n}" for n in range(100)]
    order = watched(world, *crowd)
    world.push.hang = hang_when(stuck, set(crowd))
    world.deliver()
    assert stored(world).status is Status.CONFIRMED
    world.push.hang = lambda connection_id: None
    stuck.set()
    world.settle()
    assert all(set(seqs(world, one, order)) == set(ALL) for one in crowd)
    check(world)


def test_a_second_delivery_notifies_of_what_was_not_delivered() -> None:
    world = World()
    order = watched(world, "own")
    world.duplicate()
    world.push.failing = {"own"}
    world.deliver()
    world.push.failing.clear()
    world.deliver()
    assert seqs(world, "own", order) == ALL
    assert world.is_quiet(), "without waiting for the sweeper"


def watched_while_opening(world: World, order: Order) -> None:
    """Have an order watched over a connection that begins to open."""
    alice, began = world.client(), world.clock.now()
    world.backend.watching.connect(Connection("opening", alice.client_id, alice.key_hash, False, began), MOST)
    world.backend.watching.watch(order.id, alice.client_id, "opening")


def test_a_connection_that_is_still_opening_is_not_gone() -> None:
    world = World()
    order = watched(world, "old")
    watched_while_opening(world, order)
    world.push.gone = {"opening", "old"}
    world.deliver()
    assert world.backend.watching.connection("old") is None
    assert world.backend.watching.connection("opening") is not None
    world.push.gone.clear()
    world.settle()
    assert seqs(world, "opening", order) == ALL


@pytest.mark.parametrize("refused", [1, 2, 3])
def test_one_that_opens_in_the_middle_of_an_order_is_told_all_of_it_in_that_run(refused: int) -> None:
    world = World()
    order = watched(world)
    watched_while_opening(world, order)
    world.push.gone = {"opening"}
    posts = 0

    def open_in_time(_: str) -> None:
        nonlocal posts
        posts += 1
        if posts > refused:
            world.push.gone.clear()

    world.push.hang = open_in_time
    world.deliver()
    assert stored(world).status is Status.CONFIRMED
    assert seqs(world, "opening", order) == ALL
    assert world.is_quiet(), "without waiting for the sweeper"


def test_one_that_never_opened_is_gone_in_the_end() -> None:
    world = World()
    order = watched(world)
    watched_while_opening(world, order)
    world.push.gone = {"opening"}
    world.deliver()
    world.clock.advance(OPENING_S)
    world.settle()
    assert world.backend.watching.connection("opening") is None


def test_one_that_keeps_failing_is_dropped() -> None:
    world = World()
    watched(world, "failing")
    world.push.failing = {"failing"}
    world.deliver()
    for _ in range(MAX_PUSH_FAILURES - 1):
        assert world.backend.watching.connection("failing") is not None
        assert "failing" not in world.push.gone
        world.clock.advance(60)
        world.sweep()
    assert world.backend.watching.connection("failing") is None
    assert "failing" in world.push.gone, "its client waits on a connection that gets no events"


def test_one_that_keeps_failing_and_cannot_be_closed_is_kept() -> None:
    world = World()
    order = watched(world, "failing")
    world.push.failing = {"failing"}
    world.push.unclosable = {"failing"}
    world.deliver()
    for _ in range(MAX_PUSH_FAILURES + 1):
        world.clock.advance(60)
        world.sweep()
        assert world.backend.watching.connection("failing") is not None, "its client takes it for alive"
    world.push.failing.clear()
    world.clock.advance(60)
    world.sweep()
    assert seqs(world, "failing", order) == ALL
    assert world.backend.watching.connection("failing") is not None


def test_what_queues_up_behind_a_slow_push_goes_out_in_one_frame(
    threads: ThreadPoolExecutor, stuck: Event
) -> None:
    world = World(threads=threads, push_deadline_s=30)
    order = watched(world, "slow")
    posts = 0

    def first_hangs(_: str) -> None:
        nonlocal posts
        posts += 1
        if posts == 1:
            stuck.wait(30)

    world.push.hang = first_hangs

    def let_go_at_the_end(call: str) -> None:
        if call == "orders.save" and stored(world).status in TERMINAL:
            stuck.set()

    world.tape.observe = let_go_at_the_end
    world.deliver()
    first, second = world.push.frames["slow"]
    assert (first["seq"], second["seq"]) == (1, 6)
    earlier = cast("list[dict[str, object]]", second["earlier"])
    assert [event["seq"] for event in earlier] == [2, 3, 4, 5]
    assert seqs(world, "slow", order) == ALL


def test_a_late_watcher_is_sent_one_frame_after_what_it_has() -> None:
    world = World()
    order = watched(world)
    world.settle()
    world.connect("late", world.client())
    world.subscribe("late", order, after_seq=2)
    (frame,) = world.push.frames["late"]
    assert (frame["seq"], frame["status"]) == (6, "confirmed")
    assert seqs(world, "late", order) == [3, 4, 5, 6]
    assert world.is_quiet(), "who was told the end is not watching any more"


def test_a_late_watcher_with_nothing_to_miss_is_sent_nothing() -> None:
    world = World()
    order = watched(world)
    world.settle()
    world.connect("late", world.client())
    world.subscribe("late", order, after_seq=6)
    assert world.push.frames["late"] == []
    assert world.is_quiet()


def large_events(world: World) -> list[OrderEvent]:
    """Return 40 events as large as they come, which fill more than a frame."""
    watched(world)
    world.settle()
    ((_, events),) = world.backend.audit.histories()
    largest = max(events, key=lambda event: len(first_frame([event])[0]))
    assert largest.step is Step.QUOTES
    return [replace(largest, seq=seq) for seq in range(1, 41)]


def test_a_frame_stays_below_what_api_gateway_cuts_in_two() -> None:
    left = large_events(World())
    sizes = []
    while left:
        frame, taken = first_frame(left)
        assert json.loads(frame)["seq"] == left[taken - 1].seq
        assert len(json.loads(frame).get("earlier", ())) == taken - 1
        sizes.append(len(frame))
        left = left[taken:]
    assert max(sizes) <= 30_000
    assert len(sizes) < 10, "not each event by itself either"


def test_a_long_replay_comes_whole_in_several_frames() -> None:
    world = World()
    events = large_events(world)
    ((order, _),) = world.backend.audit.histories()
    world.connect("late", world.client())
    with patch.object(FakeWatching, "watch", return_value=(order, tuple(events))):
        world.subscribe("late", order)
    assert len(world.push.frames["late"]) > 1
    assert seqs(world, "late", order) == [event.seq for event in events]


def test_what_queued_up_behind_a_slow_push_goes_out_in_frames_that_fit(threads: ThreadPoolExecutor) -> None:
    world = World(threads=threads)
    events = large_events(world)
    notifier = world.execute_order.new_notifier()
    with notifier.until(world.clock.now() + timedelta(seconds=20)):
        notifier.notify(events, [Watcher("slow", world.clock.now() - timedelta(minutes=5), 0)])
    assert world.push.seqs("slow", events[0].order_id) == [event.seq for event in events]


def test_what_becomes_of_an_order_that_waited_is_one_frame(threads: ThreadPoolExecutor) -> None:
    world = World(threads=threads, gather_s=30)
    order = watched(world, "own")
    world.clock.advance(1)
    world.deliver()
    (frame,) = world.push.frames["own"]
    assert frame["status"] == "confirmed"
    assert seqs(world, "own", order) == ALL


def test_an_order_that_waited_is_not_kept_secret_while_it_goes_on(threads: ThreadPoolExecutor) -> None:
    world = World(threads=threads, gather_s=0.01)
    order = watched(world, "own")
    world.clock.advance(1)
    received_before_it_lands: list[int] = []

    def wait_for_frames(call: str) -> None:
        if call == "cluster.look":
            eventually(lambda: bool(seqs(world, "own", order)), within_s=20)
            received_before_it_lands.extend(seqs(world, "own", order))

    world.tape.observe = wait_for_frames
    world.deliver()
    assert received_before_it_lands[:2] == [1, 2]
    assert seqs(world, "own", order) == ALL


def test_the_first_event_of_an_order_that_did_not_wait_is_a_frame_of_its_own(
    threads: ThreadPoolExecutor,
) -> None:
    world = World(threads=threads, gather_s=30)
    watched(world, "own")
    world.deliver()
    first = world.push.frames["own"][0]
    assert (first["status"], "earlier" in first) == ("pending", False)


def opening(connection_id: str) -> tuple[World, Order]:
    """Return a world with an order that waits, and a connection for it that has just been let in."""
    world = World()
    alice = world.client()
    order = world.place(alice)
    assert order is not None
    world.open(connection_id, alice, order.id)
    return world, order


@pytest.mark.parametrize("ends_at", range(8))
@pytest.mark.parametrize("opens_at", range(8))
def test_who_opens_while_an_order_ends_is_told_its_end_without_the_sweeper(
    ends_at: int, opens_at: int
) -> None:
    """Let the order be executed after one call of the backlog, and the connection open after another."""
    world, order = opening("opening")
    world.push.gone = {"opening"}
    calls = 0

    def happen(_: str) -> None:
        nonlocal calls
        at, calls = calls, calls + 1
        if at == opens_at:
            world.push.gone.clear()
        if at == ends_at:
            world.tape.observe = lambda call: None
            world.deliver()
            world.tape.observe = happen

    world.tape.observe = happen
    world.replay_events()
    world.tape.observe = lambda call: None
    world.deliver()
    assert stored(world).status is Status.CONFIRMED
    assert set(seqs(world, "opening", order)) == set(ALL)
    assert world.is_quiet(), "without waiting for the sweeper"


def test_a_connection_is_not_pushed_to_before_it_is_open() -> None:
    world, order = opening("opening")
    world.push.gone = {"opening"}
    posts = 0

    def end_the_order_then_open(_: str) -> None:
        nonlocal posts
        posts += 1
        if posts == 1:
            world.deliver()
        else:
            world.push.gone.clear()

    world.push.hang = end_the_order_then_open
    world.replay_events()
    assert posts == 3, "while it opens, then what there was, then what came up meanwhile"
    assert seqs(world, "opening", order) == ALL


def test_a_backlog_that_failed_once_is_not_lost_to_an_order_that_goes_on() -> None:
    world, order = opening("own")
    world.push.failing = {"own"}

    def connect_while_it_goes_on(call: str) -> None:
        if call == "cluster.send":
            world.replay_events()
        elif call == "push.post":
            world.push.failing.clear()

    world.tape.observe = connect_while_it_goes_on
    world.deliver()
    assert seqs(world, "own", order) == ALL
    assert world.is_quiet()
