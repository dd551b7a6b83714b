"""Two executors of one order: one works, the other asks for redelivery and changes nothing."""

from __future__ import annotations

from datetime import timedelta

from dexec.domain.lifecycle import Status
from dexec.ports import ClaimOutcome
from dexec.usecases.execute_order import Redelivery
from dexec.usecases.settle_dead_letter import Letter
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import World
from tests.support.fakes import Landing


def held_world() -> World:
    """Return a world in which another executor holds the lease of a submitted order for 25 s."""
    world = World()
    order = world.place(world.client())
    assert order is not None
    now = world.clock.now()
    world.backend.orders.claim(order.id, "another executor", now, now + timedelta(seconds=25))
    return world


def test_the_second_executor_hands_the_message_back_until_the_lease_ends() -> None:
    world = held_world()
    ((order, events),) = world.backend.audit.histories()
    with world.tape.process():
        answer = world.execute_order(order.id, 1, world.clock.now() + timedelta(seconds=20))
    assert answer == Redelivery(25.0, "it is leased by another executor")
    assert world.tape.calls == ["orders.place", "queue.send", "orders.claim"]
    assert world.backend.audit.histories() == [(order, events)]


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


def test_one_that_lost_its_lease_writes_nothing() -> None:
    world = World()
    order = world.place(world.client())
    assert order is not None
    sign = world.signer.sign
    late = 0

    def sleep_first(*args: object) -> object:
        nonlocal late
        late += 1
        if late == 1:
            world.clock.advance(26)
            now = world.clock.now()
            claim = world.backend.orders.claim(order.id, "other", now, now + timedelta(seconds=25))
            assert claim.outcome is ClaimOutcome.CLAIMED
        return sign(*args)  # type: ignore[arg-type]

    world.signer.sign = sleep_first  # type: ignore[method-assign,assignment]
    world.build()
    world.deliver()
    ((after, events),) = world.backend.audit.histories()
    assert (after.lease_token, after.status, after.transaction) == ("other", Status.ROUTING, None)
    assert [event.status for event in events][-1] is Status.ROUTING
    assert not world.cluster.sends
    world.settle()
    check(world)


def test_a_submitted_order_is_handed_on_before_the_function_ends() -> None:
    world = World()
    world.place(world.client())
    world.cluster.landings = [Landing.LATE]
    started = world.clock.now()
    world.deliver()
    ((order, _),) = world.backend.audit.histories()
    assert order.lease_token is None, "the next one need not wait for the lease to end"
    assert world.clock.now() - started <= timedelta(seconds=20)
