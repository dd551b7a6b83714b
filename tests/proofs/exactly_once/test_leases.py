"""An order that an executor works on: dead letters and the sweeper leave it alone."""

from __future__ import annotations

from datetime import timedelta

from dexec.usecases.settle_dead_letter import Letter
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import World


def held_world() -> World:
    """Return a world in which another executor holds the lease of a submitted order for 25 s."""
    world = World()
    order = world.place(world.client())
    assert order is not None
    now = world.clock.now()
    world.backend.orders.claim(order.id, "another executor", now, now + timedelta(seconds=25))
    return world


def test_dead_letters_leave_an_order_that_is_worked_on() -> None:
    world = held_world()
    ((order, events),) = world.backend.audit.histories()
    with world.tape.process():
        letter = world.settle_letter(order.id, world.clock.now() + timedelta(seconds=20))
    assert letter is Letter.KEPT
    assert world.backend.audit.histories() == [(order, events)]
    assert len(world.queue.messages) == 1, "nothing was queued beside the message that is there"


def test_the_sweeper_leaves_an_order_that_is_worked_on() -> None:
    world = held_world()
    world.queue.messages.clear()
    world.clock.advance(24)
    world.sweep()
    assert not world.queue.messages
    world.clock.advance(1)
    world.sweep()
    assert len(world.queue.messages) == 1
    world.settle()
    check(world)
