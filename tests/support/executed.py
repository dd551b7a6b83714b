"""Orders of a world: placed, executed by one invocation at a time, and looked at."""

from __future__ import annotations

from datetime import timedelta

from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Event, Order
from dexec.domain.quote import RouteRequest
from dexec.ports import ApiKey
from dexec.usecases.place_order import Submission
from dexec.usecases.redelivery import Redelivery
from tests.proofs.simulation.world import FUNCTION_S, SWAP, World

ATTEMPT = [Status.ROUTING, Status.BUILDING, Status.SUBMITTED]


def placed(world: World, request: RouteRequest = SWAP) -> Order:
    """Place an order of a new client's."""
    order = world.place(world.client(), request)
    assert order is not None
    return order


def place(world: World, alice: ApiKey, submission: Submission, *, trigger: bool = True) -> Order:
    """Place an order; if it waits, trigger it by its limit whatever the price."""
    with world.tape.process():
        order = world.place_order(submission, alice).order
    if trigger and order.status is Status.OPEN:
        world.backend.audit.trigger(order.id)
    return order


def execute(world: World, order: Order, receives: int = 1) -> Redelivery | None:
    """Run one invocation; return what becomes of its message, None when it is done with."""
    with world.tape.process():
        return world.execute_order(order.id, receives, world.clock.now() + timedelta(seconds=FUNCTION_S))


def told(world: World, order_id: str | None = None) -> tuple[Order, tuple[Event, ...]]:
    """Return an order as it is stored, with its events; without an id, the only one."""
    (found,) = [one for one in world.backend.audit.histories() if order_id in (None, one[0].id)]
    return found


def stored(world: World, order: Order | None = None) -> Order:
    """Return an order, or the only one, as it is stored."""
    return told(world, None if order is None else order.id)[0]


def states(world: World, order: Order | None = None) -> list[Status]:
    """Return the states of an order, or of the only one, each as often as it was entered."""
    events = told(world, None if order is None else order.id)[1]
    return [event.status for event in events if event.step is not Step.QUOTES]


def error(world: World) -> str | None:
    """Return the code of the error of the only order."""
    failure = stored(world).error
    return None if failure is None else failure.code
