"""Short histories that together make every call the use cases have; faults are put into each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dexec.domain.quote import Mode, RouteRequest
from tests.proofs.simulation.halts import HALTS
from tests.proofs.simulation.limited import LIMITED
from tests.proofs.simulation.waits import WAITS
from tests.proofs.simulation.world import SWAP, World
from tests.support.fakes import Landing

Scenario = Callable[[World], None]


def plain(world: World) -> None:
    """Place over a socket, execute, subscribe too late."""
    alice = world.client()
    world.connect("own", alice)
    world.connect("stream", alice, stream=True)
    order = world.place(alice, watcher="own", key="k", tries=3)
    if order is not None:
        world.watches.add(("stream", order.id))
    world.settle()
    world.connect("late", alice)
    world.subscribe("late", order)
    world.settle()


def slipping_once(world: World) -> None:
    """The first transaction fails on chain, the second one fills."""
    world.cluster.landings = [Landing.SLIPPED]
    alice = world.client()
    world.connect("own", alice)
    world.subscribe("own", world.place(alice))
    world.settle()


def slipping_always(world: World) -> None:
    """Three attempts, then failed."""
    world.cluster.default = Landing.SLIPPED
    _one_order(world)


def lost_and_sent_again(world: World) -> None:
    """The first send never arrives; only an expired blockhash makes a new attempt."""
    world.cluster.landings = [Landing.LOST]
    _one_order(world)


def dropped(world: World) -> None:
    """The first transaction is never seen on chain."""
    world.cluster.landings = [Landing.DROPPED]
    _one_order(world)


def late(world: World) -> None:
    """It lands in the last block in which it can, long after its executor gave up."""
    world.cluster.landings = [Landing.LATE]
    alice = world.client()
    world.connect("own", alice)
    order = world.place(alice)
    world.deliver()
    world.subscribe("own", order)
    world.settle()


def between_the_reads(world: World) -> None:
    """It lands after the height was read and before the status is."""
    looks = 0

    def land_meanwhile() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            world.clock.advance(61)

    world.cluster.default = Landing.LATE
    world.cluster.inside_look = land_meanwhile
    _one_order(world)


def no_venue_twice(world: World) -> None:
    """The venues come back for the third attempt."""
    _one_order(world, before=lambda: _away(world, 4))


def no_venue(world: World) -> None:
    """The venues stay away: three attempts, then failed."""
    _one_order(world, before=lambda: _away(world, 100))


def _away(world: World, answers: int) -> None:
    for venue in world.venues:
        venue.failures = answers // 2


def unfunded(world: World) -> None:
    """The wallet holds less than the swap takes."""
    _one_order(world, request=replace(SWAP, amount=10_001 * 10**9))


def bought(world: World) -> None:
    """An exact output."""
    _one_order(world, request=RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 10**9))


def queue_away(world: World) -> None:
    """The queue does not take the message: the order is withdrawn and the client tries again."""
    alice = world.client()
    world.connect("own", alice)
    world.queue.is_away = True
    world.place(alice, key="k", watcher="own")
    world.queue.is_away = False
    world.place(alice, key="k", watcher="own", tries=3)
    world.settle()


def placed_twice(world: World) -> None:
    """A key is repeated before and after the order ended."""
    alice = world.client()
    first = world.place(alice, key="k")
    second = world.place(alice, key="k")
    world.settle()
    third = world.place(alice, key="k")
    told = {order.id for order in (first, second, third) if order is not None}
    assert len(told) <= 1 or world.tape.fired, told
    world.settle()


def message_lost(world: World) -> None:
    """The message is gone; the sweeper finds the order."""
    alice = world.client()
    world.connect("own", alice)
    order = world.place(alice, watcher="own")
    world.queue.messages.clear()
    world.settle()
    if order is not None:
        world.sweep()


def dead_letters(world: World) -> None:
    """The queue gives up at the second delivery, while the transaction is on its way."""
    world.cluster.landings = [Landing.LATE]
    _one_order(world)


def delivered_late(world: World) -> None:
    """The clients cannot be reached while the order executes; the sweeper tells them."""
    alice = world.client()
    for one in ("own", "other"):
        world.connect(one, alice)
    order = world.place(alice, watcher="own")
    world.subscribe("other", order)
    world.connect("stream", alice, stream=True)
    # A stream hears what happens from now on: nothing, where others have ended the order by now.
    still_open = [one for one, _ in world.backend.audit.histories() if not one.is_terminal]
    world.watches |= {("stream", one.id) for one in still_open}
    world.push.failing = {"own", "other", "stream"}
    world.deliver()
    world.push.failing = set()
    world.settle()


def given_up(world: World) -> None:
    """A client that cannot be told, time after time, is dropped and its connection closed."""
    alice = world.client()
    world.connect("failing", alice)
    world.push.failing = {"failing"}
    world.place(alice, watcher="failing")
    world.settle()


def coming_and_going(world: World) -> None:
    """Connections open on an order, close, unsubscribe and come back with what they have."""
    alice = world.client()
    order = world.place(alice)
    if order is None:
        return world.settle()
    for one in ("a", "b", "c"):
        world.open(one, alice, order.id)
    world.clock.advance(31)
    world.replay_events()
    world.hang_up("a")
    world.unsubscribe("b", order)
    world.deliver()
    world.connect("a2", alice)
    world.subscribe("a2", order, after_seq=1)
    return world.settle()


def scheduled(world: World) -> None:
    """More orders than may start at once: the last one waits, and a stream hears of it at once."""
    world.settings = world.settings.model_copy(update={"order_burst": 1})
    world.build()
    alice = world.client(orders_per_minute=30)
    world.connect("stream", alice, stream=True)
    for _ in range(2):
        order = world.place(alice)
        if order is not None:
            world.watches.add(("stream", order.id))
    world.settle()


def _one_order(world: World, request: RouteRequest = SWAP, before: Callable[[], None] = lambda: None) -> None:
    before()
    alice = world.client()
    world.connect("own", alice)
    world.place(alice, request, watcher="own")
    world.settle()


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        plain,
        slipping_once,
        slipping_always,
        lost_and_sent_again,
        dropped,
        late,
        between_the_reads,
        no_venue_twice,
        no_venue,
        unfunded,
        bought,
        queue_away,
        placed_twice,
        message_lost,
        dead_letters,
        *HALTS,
        *LIMITED,
        delivered_late,
        given_up,
        coming_and_going,
        scheduled,
        *WAITS,
    )
}
