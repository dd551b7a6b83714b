"""The sweeper does what can be done while one of its back ends is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dexec.domain.errors import QueueUnavailable
from dexec.usecases.sweep import UNTOLD_AFTER_S
from tests.simulation.world import FUNCTION_S, World


def test_where_all_messages_are_lost_the_youngest_order_goes_on_at_once() -> None:
    world = World()
    order = world.place(world.client())
    assert order is not None
    world.queue.messages.clear()
    ends_at = world.clock.now() + timedelta(seconds=FUNCTION_S)
    assert world.sweep_up(ends_at).requeued == (), "its message may be on its way"
    assert world.sweep_up(ends_at, 0).requeued == (order.id,)
    assert world.sweep_up(ends_at, 0).requeued == (), "there is a message again"


def test_the_untold_are_told_while_the_queue_is_away() -> None:
    world = World()
    caller = world.client()
    world.connect("socket", caller)
    order = world.place(caller, watcher="socket")
    assert order is not None
    world.push.failing.add("socket")
    world.deliver()
    world.push.failing.clear()
    world.clock.sleep(UNTOLD_AFTER_S + 1)
    world.queue.is_away = True
    with pytest.raises(QueueUnavailable):
        world.sweep_up(world.clock.now() + timedelta(seconds=FUNCTION_S))
    assert world.push.seqs("socket", order.id) == [1, 2, 3, 4, 5, 6]
