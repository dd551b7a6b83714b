"""One client's slow connections and many undelivered orders do not delay the others; time is simulated."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import ParamSpec, TypeVar, cast

import pytest

from dexec.domain.order import Order, fail
from dexec.ports import ApiKey, Deliveries
from tests.contract.samples import claimed, failure
from tests.proofs.simulation.world import FUNCTION_S, World
from tests.support.fakes import SameThread

MAX_PUSH_FAILURES = 5
SLOW_S = 0.5
SUSPECT_S = 0.1
BATCH = 100
UNDELIVERED_AFTER_S = 15
P = ParamSpec("P")
T = TypeVar("T")

DEADLINE_S = 2.0
ORDERS = 50
SLOW = [f"slow-{n}" for n in range(20)]
ALL = {1, 2, 3, 4, 5, 6}


@dataclass
class Sockets(Executor):
    """Pushes that take as long as ``takes_s`` says of their connection, and pass while they are waited for.

    ``waited_s`` is how long that was: the seconds that executors did nothing else.
    """

    takes_s: dict[str, float] = field(default_factory=dict)
    waited_s: float = 0
    _running: dict[Future[None], tuple[float, Callable[[], None]]] = field(default_factory=dict)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        (line,) = args
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        takes_s = self.takes_s.get(line.watcher.connection_id, 0)  # type: ignore[attr-defined]

        def finish() -> None:
            future.set_result(fn(*args, **kwargs))

        if takes_s:
            self._running[cast("Future[None]", future)] = (takes_s, finish)
        else:
            finish()
        return future

    def wait(self, futures: Collection[Future[None]], timeout_s: float) -> None:
        left = [self._running[future][0] for future in futures if future in self._running]
        passed_s = min(timeout_s, max(left, default=0))
        self.waited_s += passed_s
        for future, (takes_s, finish) in list(self._running.items()):
            self._running[future] = (takes_s - passed_s, finish)
            if takes_s <= passed_s:
                del self._running[future]
                finish()


@pytest.fixture
def sockets() -> Sockets:
    """Return sockets that take no time."""
    return Sockets()


@pytest.fixture
def world(sockets: Sockets) -> World:
    """Return a world whose pushes go through the sockets."""
    world = World(threads=sockets, waiting=sockets.wait, push_deadline_s=DEADLINE_S)
    wait = world.waiting

    def pass_time(futures: Collection[Future[None]], timeout_s: float) -> None:
        before_s = sockets.waited_s
        wait(futures, timeout_s)
        world.clock.advance(sockets.waited_s - before_s)

    world.waiting = pass_time
    return world


def execute(world: World, caller: ApiKey) -> Order:
    order = world.place(caller)
    assert order is not None
    assert world.deliver()
    return order


def failures(world: World, connection_id: str, caller: ApiKey) -> int:
    order = world.place(caller)
    assert order is not None
    claim = world.backend.orders.claim(order.id, "looking", world.clock.now(), world.clock.now())
    world.deliver()
    return next(one.push_failures for one in claim.watchers if one.connection_id == connection_id)


@pytest.mark.parametrize("takes_s", [inf, 1.5 * SLOW_S], ids=["dead", "slow"])
def test_a_clients_slow_connections_hold_executors_once_and_no_other_clients_orders(
    world: World, sockets: Sockets, takes_s: float
) -> None:
    mallory, alice = world.client("mallory", orders_per_minute=0), world.client("alice", orders_per_minute=0)
    for one in SLOW:
        world.connect(one, mallory, stream=True)
    world.connect("alice's", alice, stream=True)
    sockets.takes_s = dict.fromkeys(SLOW, takes_s)
    for_alice_s = 0.0
    for _ in range(ORDERS):
        execute(world, mallory)
        before_s = sockets.waited_s
        order = execute(world, alice)
        for_alice_s += sockets.waited_s - before_s
        assert set(world.push.seqs("alice's", order.id)) == ALL
    assert for_alice_s == 0
    assert sockets.waited_s <= DEADLINE_S + ORDERS * SUSPECT_S
    assert all(world.backend.watching.connection(one) for one in SLOW), "slow is not gone"


class Noting(SameThread):
    """Notes the connections that it serves."""

    def __init__(self) -> None:
        super().__init__()
        self.served: set[str] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        (line,) = args
        self.served.add(line.watcher.connection_id)  # type: ignore[attr-defined]
        return super().submit(fn, *args, **kwargs)


def test_suspects_are_served_by_threads_of_their_own() -> None:
    ours, apart = Noting(), Noting()
    world = World(threads=ours, slow_threads=apart)
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice, stream=True)
    world.push.failing.add("own")
    execute(world, alice)
    assert (ours.served, apart.served) == ({"own"}, set())
    ours.served.clear()
    execute(world, alice)
    assert (ours.served, apart.served) == (set(), {"own"})


def test_a_suspect_that_receives_in_time_is_forgiven(world: World, sockets: Sockets) -> None:
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice, stream=True)
    sockets.takes_s = {"own": inf}
    execute(world, alice)
    assert failures(world, "own", alice) == 1
    sockets.takes_s = {"own": SUSPECT_S / 2}
    execute(world, alice)
    assert failures(world, "own", alice) == 0


def test_the_sweeper_gives_a_suspect_the_time_that_orders_do_not(world: World, sockets: Sockets) -> None:
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice, stream=True)
    sockets.takes_s = {"own": inf}
    orders = [execute(world, alice) for _ in range(3)]
    sockets.takes_s = {"own": SLOW_S / 2}
    world.clock.advance(UNDELIVERED_AFTER_S + 1)
    world.sweep()
    assert all(set(world.push.seqs("own", order.id)) >= {order.seq} for order in orders)
    assert failures(world, "own", alice) == 0


def test_one_that_takes_nothing_is_given_up_in_the_end(world: World, sockets: Sockets) -> None:
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice, stream=True)
    sockets.takes_s = {"own": inf}
    execute(world, alice)
    for _ in range(MAX_PUSH_FAILURES - 1):
        assert world.backend.watching.connection("own") is not None
        world.clock.advance(60)
        world.sweep()
    assert world.backend.watching.connection("own") is None
    assert "own" in world.push.gone


def undelivered(world: World, caller: ApiKey, connection_id: str, count: int) -> list[Order]:
    """Return orders that ended while the connection missed it."""
    orders = []
    for _ in range(count):
        placed = world.place(caller)
        assert placed is not None
        change = fail(claimed(world.backend, placed, now=world.clock.now()), world.clock.now(), failure("x"))
        world.backend.orders.save(change)
        missed = Deliveries(placed.id, True, missed=frozenset({connection_id}))
        world.backend.watching.settle(missed)
        world.clock.advance(0.001)
        orders.append(change.after)
    world.queue.messages.clear()
    return orders


def swept(world: World) -> int:
    """Sweep once; return how many orders were told."""
    world.clock.advance(UNDELIVERED_AFTER_S + 1)
    return len(world.sweep_up(world.clock.now() + timedelta(seconds=FUNCTION_S)).delivered)


def test_a_sweep_notifies_every_client_however_many_events_others_missed(
    world: World, sockets: Sockets
) -> None:
    mallory, alice = world.client("mallory", orders_per_minute=0), world.client("alice", orders_per_minute=0)
    world.connect("mallory's", mallory)
    world.connect("alice's", alice)
    undelivered(world, mallory, "mallory's", 3 * BATCH)
    orders = undelivered(world, alice, "alice's", 5)
    sockets.takes_s = {"mallory's": inf}
    assert swept(world) == 1 + len(orders)
    assert all(world.push.seqs("alice's", order.id) for order in orders)
    assert sockets.waited_s == DEADLINE_S, "a connection that takes nothing is waited for once a sweep"


def test_a_sweep_goes_on_until_everything_is_delivered(world: World) -> None:
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice)
    count = 2 * BATCH + 1
    undelivered(world, alice, "own", count)
    assert swept(world) == count
    assert swept(world) == 0


def test_a_sweep_whose_notes_are_lost_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = world.client("alice", orders_per_minute=0)
    world.connect("own", alice)
    undelivered(world, alice, "own", 3)
    monkeypatch.setattr(world.backend.watching, "settle", lambda told: None)
    assert swept(world) == 3


def test_a_sweep_ends_in_time(world: World, sockets: Sockets) -> None:
    alice = world.client("alice", orders_per_minute=0)
    for n in range(30):
        world.connect(f"slow-{n}", alice)
        undelivered(world, alice, f"slow-{n}", 1)
        sockets.takes_s[f"slow-{n}"] = inf
    world.clock.advance(UNDELIVERED_AFTER_S + 1)
    ends_at = world.clock.now() + timedelta(seconds=FUNCTION_S)
    world.sweep_up(ends_at)
    assert world.clock.now() < ends_at
