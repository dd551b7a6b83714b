"""The sweeper does what can be done while one of its back ends is away, and closes what it forgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn
from unittest.mock import patch

import pytest

from dexec.domain.errors import QueueUnavailable
from dexec.ports import ApiKey
from dexec.usecases.sweep import Sweep
from tests.proofs.simulation.world import FUNCTION_S, World

BATCH = 100
CONNECTION_LIFE_S = 7_800
UNDELIVERED_AFTER_S = 15


def test_where_all_messages_are_lost_the_youngest_order_goes_on_at_once(world: World) -> None:
    order = world.place(world.client())
    assert order is not None
    world.queue.messages.clear()
    ends_at = world.clock.now() + timedelta(seconds=FUNCTION_S)
    assert world.sweep_up(ends_at).requeued == (), "its message may be on its way"
    assert world.sweep_up(ends_at, 0).requeued == (order.id,)
    assert world.sweep_up(ends_at, 0).requeued == (), "there is a message again"


def test_missed_events_are_delivered_while_the_queue_is_unavailable(world: World, alice: ApiKey) -> None:
    world.connect("socket", alice)
    order = world.place(alice, watcher="socket")
    assert order is not None
    world.push.failing.add("socket")
    world.deliver()
    world.push.failing.clear()
    world.clock.sleep(UNDELIVERED_AFTER_S + 1)
    world.queue.is_away = True
    with pytest.raises(QueueUnavailable):
        world.sweep_up(world.clock.now() + timedelta(seconds=FUNCTION_S))
    assert world.push.seqs("socket", order.id) == [1, 2, 3, 4, 5, 6]


def test_a_connection_past_its_life_is_closed_before_it_is_forgotten(world: World, alice: ApiKey) -> None:
    world.connect("old", alice)
    world.clock.advance(CONNECTION_LIFE_S)
    world.connect("new", alice)
    world.sweep()
    assert world.push.gone == {"old"}
    assert world.backend.watching.connection("old") is None
    assert world.backend.watching.connection("new") is not None


def test_a_connection_that_could_not_be_closed_is_kept_and_tried_again(world: World, alice: ApiKey) -> None:
    world.connect("throttled", alice, stream=True)
    world.clock.advance(CONNECTION_LIFE_S)
    world.push.unclosable.add("throttled")
    world.sweep()
    assert world.backend.watching.connection("throttled") is not None
    order = world.place(alice)
    assert order is not None
    world.deliver()
    assert world.push.seqs("throttled", order.id) == [1, 2, 3, 4, 5, 6], "while it is open, it hears"
    world.push.unclosable.clear()
    world.sweep()
    assert world.push.gone == {"throttled"}
    assert world.backend.watching.connection("throttled") is None


def test_connections_that_would_not_close_do_not_stand_before_those_that_do(
    world: World, alice: ApiKey
) -> None:
    stuck = [f"stuck {n}" for n in range(BATCH)]
    for connection_id in stuck:
        world.connect(connection_id, alice)
    world.push.unclosable = set(stuck)
    world.clock.advance(1)
    world.connect("last", alice)
    world.clock.advance(CONNECTION_LIFE_S)
    world.sweep()
    world.sweep()
    assert world.push.gone == {"last"}


def test_more_connections_than_fit_into_one_transaction_are_closed_in_one_sweep(
    world: World, alice: ApiKey
) -> None:
    for n in range(2 * BATCH + 1):
        world.connect(f"old {n}", alice)
    world.clock.advance(CONNECTION_LIFE_S)
    world.sweep()
    assert len(world.push.gone) == 2 * BATCH + 1
    assert world.tape.calls.count("watching.note_closed") == 3


def test_one_sweep_puts_all_lost_orders_back(world: World) -> None:
    caller = world.client(orders_per_minute=0)
    for _ in range(250):
        world.place(caller)
    world.queue.messages.clear()
    world.clock.advance(3_600)
    world.sweep()
    assert len(world.queue.messages) == 250
    assert world.tape.calls.count("orders.lost") == 3


@pytest.mark.parametrize(("stray", "lost_after_s"), [(False, 15), (True, 600)])
def test_an_order_is_lost_once_its_message_can_no_longer_be_on_its_way(
    world: World, stray: bool, lost_after_s: float
) -> None:
    order = world.place(world.client())
    assert order is not None
    world.queue.messages.clear()
    if stray:
        world.queue.send("another", "client", 0)
    ends_at = world.clock.now() + timedelta(hours=1)
    world.clock.advance(lost_after_s - 0.001)
    assert world.sweep_up(ends_at).requeued == ()
    world.clock.advance(0.001)
    assert world.sweep_up(ends_at).requeued == (order.id,)


def test_a_sweep_leaves_three_seconds_of_its_invocation(world: World) -> None:
    order = world.place(world.client())
    assert order is not None
    world.queue.messages.clear()
    world.connect("old", world.client())
    world.clock.advance(CONNECTION_LIFE_S)
    nothing = world.sweep_up(world.clock.now() + timedelta(seconds=3))
    assert (nothing.requeued, nothing.dropped_connections) == ((), 0)
    swept = world.sweep_up(world.clock.now() + timedelta(seconds=3.001))
    assert (swept.requeued, swept.dropped_connections) == ((order.id,), 1)


def test_one_sweep_delivers_everything_that_was_missed(world: World) -> None:
    caller = world.client(orders_per_minute=0)
    orders = [order for _ in range(250) if (order := world.place(caller)) is not None]
    world.settle()
    world.connect("socket", caller)
    for order in orders:
        world.backend.watching.watch(order.id, caller.client_id, "socket")
    world.clock.advance(60)
    world.sweep()
    assert {frame["orderId"] for frame in world.push.frames["socket"]} == {order.id for order in orders}
    assert len(orders) == 250


def test_one_sweep_drops_all_watchers_without_a_connection(world: World, alice: ApiKey) -> None:
    world.connect("socket", alice)
    order = world.place(alice, watcher="socket")
    assert order is not None
    drop, left = world.backend.watching.drop_orphans, [1_000, 1_000, 7]

    def dropping(limit: int) -> int:
        drop(limit)
        assert limit == 1_000, "Aurora DSQL changes 3,000 rows in a transaction at the most"
        return left.pop(0)

    with patch.object(world.backend.watching, "drop_orphans", dropping):
        world.sweep()
    assert left == []


STEPS = ("_requeue_lost", "_notify_undelivered", "_close_stale", "_drop_orphans")


class Refused(Exception):
    """A statement that the store refuses, whatever it is."""


def refuse(name: str) -> Callable[..., NoReturn]:
    def step(*_: object) -> NoReturn:
        raise Refused(name)

    return step


@pytest.mark.parametrize("failing", [*STEPS, "parked"])
def test_a_step_that_fails_does_not_keep_the_others_from_being_done(
    world: World, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in STEPS:
        step = getattr(Sweep, name)

        def noted(*args: Any, name: str = name, step: Callable[..., Any] = step) -> Any:
            done.append(name)
            return step(*args)

        monkeypatch.setattr(Sweep, name, refuse(name) if name == failing else noted)
    if failing == "parked":
        monkeypatch.setattr(world.backend.orders, "parked", refuse("parked"))
    with pytest.raises(Refused, match=failing):
        world.sweep_up(world.clock.now() + timedelta(seconds=FUNCTION_S))
    assert done == [name for name in STEPS if name != failing]


def test_the_first_failure_is_raised_and_names_those_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_notify_undelivered", "_drop_orphans"):
        monkeypatch.setattr(Sweep, name, refuse(name))
    with pytest.raises(Refused, match="_notify_undelivered") as raised:
        world.sweep_up(world.clock.now() + timedelta(seconds=FUNCTION_S))
    assert raised.value.__notes__ == ["and after that, Refused: _drop_orphans"]


def test_a_connection_is_closed_after_two_hours_and_ten_minutes(world: World, alice: ApiKey) -> None:
    world.connect("old", alice)
    # It was connected a minute before.
    world.clock.advance(7_740 - 0.001)
    world.sweep()
    assert world.push.gone == set()
    world.clock.advance(0.001)
    world.sweep()
    assert world.push.gone == {"old"}


def test_what_was_missed_is_left_to_executors_for_a_quarter_of_a_minute(world: World, alice: ApiKey) -> None:
    world.connect("socket", alice)
    order = world.place(alice, watcher="socket")
    assert order is not None
    world.push.failing.add("socket")
    world.deliver()
    world.push.failing.clear()
    ((ended, _),) = world.backend.audit.histories()
    world.clock.advance(15 - 0.001 - (world.clock.now() - ended.updated_at).total_seconds())
    ends_at = world.clock.now() + timedelta(hours=1)
    assert world.sweep_up(ends_at).delivered == ()
    world.clock.advance(0.001)
    assert world.sweep_up(ends_at).delivered == (order.id,)
