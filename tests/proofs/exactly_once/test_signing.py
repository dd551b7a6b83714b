"""Never two transactions that can both land: a look at the chain alone decides."""

from __future__ import annotations

import pytest

from dexec.domain.errors import BlockhashExpired
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from tests.proofs.simulation.invariants import check
from tests.proofs.simulation.world import World
from tests.support.executed import stored
from tests.support.fakes import Landing
from tests.support.fakes.chain import LIFE_SLOTS, SLOT_S


@pytest.fixture
def world() -> World:
    """Return a world in which an order was placed."""
    world = World()
    world.place(world.client())
    return world


def signed(world: World) -> int:
    return len(world.signer.signed[stored(world).id])


def sends(world: World) -> list[int]:
    return [world.cluster.sends[one.signature] for one in world.signer.signed[stored(world).id]]


def settle(world: World) -> Order:
    world.settle()
    check(world)
    return stored(world)


def test_what_lands_late_is_waited_for(world: World) -> None:
    world.cluster.landings = [Landing.LATE]
    assert settle(world).status is Status.CONFIRMED
    assert signed(world) == 1


def test_what_never_arrived_is_sent_again_unchanged(world: World) -> None:
    world.cluster.landings = [Landing.LOST]
    order = settle(world)
    assert (order.status, order.attempt, sends(world)) == (Status.CONFIRMED, 1, [2])


def test_what_landed_after_its_executor_gave_up_is_found(world: World) -> None:
    world.cluster.latency_s = 30
    world.deliver()
    assert stored(world).status is Status.SUBMITTED
    world.clock.advance(40)
    sent = sends(world)
    order = settle(world)
    assert (order.status, order.attempt, signed(world)) == (Status.CONFIRMED, 1, 1)
    assert sends(world) == sent, "it was looked up before it was sent again"


@pytest.mark.parametrize("landing", [Landing.FILLED, Landing.LATE, Landing.DROPPED, Landing.LOST])
@pytest.mark.parametrize("slots_left", [-1, 0, 1])
def test_an_executor_that_wakes_up_around_the_last_block(landing: Landing, slots_left: int) -> None:
    world = World()
    world.place(world.client())
    world.cluster.landings = [landing]
    send, slept = world.cluster.send, list[bool]()

    def sleep_first(data: bytes) -> None:
        if not slept:
            slept.append(True)
            world.clock.advance((LIFE_SLOTS - slots_left) * SLOT_S)
        send(data)

    world.cluster.send = sleep_first  # type: ignore[method-assign]
    world.build()
    order = settle(world)
    assert order.status is Status.CONFIRMED
    assert len(world.cluster.fills(order.id)) == 1


@pytest.mark.parametrize("look", range(1, 7))
@pytest.mark.parametrize("slots_before_the_end", range(4))
def test_landing_between_two_looks(world: World, look: int, slots_before_the_end: int) -> None:
    """After any look at the chain it may land, and its last block pass, before the next look."""
    world.cluster.default = Landing.LATE
    looks = 0

    def pass_the_end(call: str) -> None:
        nonlocal looks
        looks += call in ("inside a look", "cluster.look")
        if looks == look:
            looks += 1
            world.clock.advance((LIFE_SLOTS + 4 - slots_before_the_end) * SLOT_S)

    world.tape.observe = pass_the_end
    world.cluster.inside_look = lambda: pass_the_end("inside a look")
    order = settle(world)
    assert (order.status, order.attempt, signed(world)) == (Status.CONFIRMED, 1, 1)


def test_an_answer_that_it_expired_is_no_proof(world: World) -> None:
    """A cluster that lags behind refuses bytes that an earlier send got through."""
    send = world.cluster.send

    def take_and_refuse(data: bytes) -> None:
        send(data)
        raise BlockhashExpired("behind")

    world.cluster.send = take_and_refuse  # type: ignore[method-assign]
    world.build()
    order = settle(world)
    assert (order.status, order.attempt, signed(world)) == (Status.CONFIRMED, 1, 1)


def test_nothing_is_sent_that_is_not_stored(world: World) -> None:
    send, seen = world.cluster.send, list[bool]()

    def look_first(data: bytes) -> None:
        transaction = stored(world).transaction
        seen.append(transaction is not None and transaction.data == data)
        send(data)

    world.cluster.send = look_first  # type: ignore[method-assign]
    world.cluster.landings = [Landing.SLIPPED, Landing.LOST, Landing.LOST]
    world.build()
    settle(world)
    assert len(seen) >= 4
    assert all(seen)
