"""Short histories in which operators stop orders before they are signed."""

from __future__ import annotations

from datetime import timedelta

from dexec.domain.withdrawals import BY_REVOCATION
from dexec.ports import ApiKey
from tests.proofs.simulation.world import World
from tests.support.fakes import Landing


def paused(world: World) -> None:
    """Execution is paused when the order comes, and goes on later."""
    alice = _watching(world)
    world.pause()
    world.place(alice, watcher="own")
    _go_on_until_resumed(world)


def paused_while_submitted(world: World) -> None:
    """Execution is paused when a transaction has been sent that never lands: it is not signed again."""
    world.cluster.landings = [Landing.DROPPED]
    world.place(_watching(world), watcher="own")
    world.deliver()
    world.pause()
    _go_on_until_resumed(world)


def paused_while_routing(world: World) -> None:
    """Execution is paused when an executor has begun with an order."""
    _begin(world, _watching(world))
    world.pause()
    _go_on_until_resumed(world)


def revoked(world: World) -> None:
    """A client's key is revoked while one order is submitted and one waits; later it has a key again."""
    world.cluster.landings = [Landing.DROPPED]
    alice = _revoked_with_two_orders(world)
    _go_on_while_halted(world)
    world.restore(alice)
    world.settle()


def cancelled(world: World) -> None:
    """A client's orders are cancelled: one is submitted already, one is being routed, one waits."""
    alice = _watching(world)
    world.place(alice, watcher="own")
    world.deliver()
    _begin(world, alice)
    world.place(alice, watcher="own")
    world.cancel(alice)
    world.settle()


def revoked_and_cancelled(world: World) -> None:
    """A client's key is revoked and what waits is cancelled; what is submitted settles."""
    world.cluster.landings = [Landing.LATE]
    alice = _revoked_with_two_orders(world)
    world.cancel(alice, BY_REVOCATION)
    _go_on_while_halted(world)
    # What could not land goes back to routing, and waits for a key.
    world.cancel(alice, BY_REVOCATION)
    world.settle()


def _watching(world: World) -> ApiKey:
    """Return a client with a connection."""
    alice = world.client()
    world.connect("own", alice)
    return alice


def _begin(world: World, caller: ApiKey) -> None:
    """Place an order that an executor begins with and then leaves."""
    order = world.place(caller, watcher="own")
    if order is not None:
        now = world.clock.now()
        world.backend.orders.claim(order.id, "an executor", now, now + timedelta(seconds=25))


def _revoked_with_two_orders(world: World) -> ApiKey:
    """Return a client whose key was revoked when one of its orders was submitted and one waited."""
    alice = world.client()
    world.place(alice)
    world.deliver()
    world.place(alice)
    world.revoke(alice)
    return alice


def _go_on_until_resumed(world: World) -> None:
    _go_on_while_halted(world)
    world.resume()
    world.settle()


def _go_on_while_halted(world: World) -> None:
    for _ in range(12):
        world.turn()
        world.clock.advance(31)


HALTS = (
    paused,
    paused_while_submitted,
    paused_while_routing,
    revoked,
    cancelled,
    revoked_and_cancelled,
)
