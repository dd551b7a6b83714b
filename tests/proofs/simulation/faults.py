"""What may go wrong at a call of a port: every kind of error that the port's contract names, and more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dexec.domain.errors import (
    BlockhashExpired,
    ClusterUnavailable,
    CommitUnknown,
    OrderFailed,
    OutcomeUnknown,
    QueueUnavailable,
    SendUnknown,
    StoreConflict,
    StoreUnavailable,
    Unavailable,
    VenueUnavailable,
)
from dexec.ports import Delivery
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import World

PAUSES_S = (0, 26, 70)
"""How long a process stands still while others work: not at all, past its lease, past its blockhash."""

HALT_S = 90
"""How long execution is paused: past a blockhash."""

STILL_S = 70
"""How long the whole world stands still between two looks at the chain: past a blockhash."""

UNAVAILABLE: dict[str, type[Unavailable]] = {
    "orders": StoreUnavailable,
    "watching": StoreUnavailable,
    "waiting": StoreUnavailable,
    "starter": Unavailable,
    "queue": QueueUnavailable,
    "cluster": ClusterUnavailable,
    "venue": VenueUnavailable,
    "control": StoreUnavailable,
    "event_replay": Unavailable,
}
"""What a port raises when its back end did not take the call."""

COMMITS = {
    "orders": ("place", "withdraw", "claim", "save", "release", "requeue", "end_round", "amend"),
    "control": ("pause", "fence", "cancel"),
    "waiting": ("take_shard", "keep_shard", "leave_shard", "record", "judged", "void", "apply", "move"),
    "watching": ("connect", "disconnect", "watch", "unwatch", "settle", "drop_stale"),
}
"""Calls whose commit may be unknown."""


def faults_at(call: str, world: World) -> list[Fault]:
    """Return everything that may go wrong at ``call``."""
    port, method = call.split(".")
    faults = [
        Fault("crash before", partial(_crash_before, world)),
        Fault("crash after", partial(_crash_after, world)),
    ]
    for pause_s in PAUSES_S:
        faults.append(Fault(f"overtaken before, {pause_s} s", partial(_overtaken_before, world, pause_s)))
        faults.append(Fault(f"overtaken after, {pause_s} s", partial(_overtaken_after, world, pause_s)))
    if port != "control":
        faults.append(Fault("paused before", partial(_paused_before, world)))
    if port in UNAVAILABLE:
        faults += _failing(lambda: UNAVAILABLE[port]("injected"), effect=port == "queue")
    if port in ("orders", "waiting"):
        faults += _failing(lambda: StoreConflict("injected"), effect=False)
    if method in COMMITS.get(port, ()):
        faults += _failing(lambda: CommitUnknown("injected"), effect=True)
    return faults + _of_the_chain(call, world) + _of_the_clients(call, world)


def _of_the_chain(call: str, world: World) -> list[Fault]:
    if call == "signer.sign":
        return _failing(lambda: OrderFailed("injected"), effect=False)
    if not call.startswith("cluster."):
        return []
    still = [Fault(f"stands still after, {STILL_S} s", partial(_still_after, world))]
    if call != "cluster.send":
        return still
    unknown: Callable[[], OutcomeUnknown] = partial(SendUnknown, "injected")
    faults = still + _failing(unknown, effect=True)
    faults += _failing(lambda: BlockhashExpired("injected"), effect=False)
    for pause_s in PAUSES_S[1:]:
        faults.append(Fault(f"overtaken inside, {pause_s} s", partial(_overtaken_inside, world, pause_s)))
    if not world.cluster.sends:
        faults.append(Fault("refused for good", partial(_refused_for_good, world)))
    return faults


def _of_the_clients(call: str, world: World) -> list[Fault]:
    if call != "push.post":
        return []
    return [
        Fault("push fails", lambda work: Delivery.FAILED),
        Fault("push arrives but fails", lambda work: work() and Delivery.FAILED),
        Fault("every client is gone", partial(_all_gone, world)),
    ]


def _failing(error: Callable[[], Exception], *, effect: bool) -> list[Fault]:
    """Return the fault of raising ``error``; with ``effect`` also after the call had its effect."""

    def before(work: Work) -> object:
        raise error()

    def after(work: Work) -> object:
        work()
        raise error()

    name = type(error()).__name__
    faults = [Fault(f"{name} before", before)]
    return [*faults, Fault(f"{name} after", after)] if effect else faults


def _crash_before(world: World, work: Work) -> object:
    raise world.tape.crash()


def _crash_after(world: World, work: Work) -> object:
    work()
    raise world.tape.crash()


def _overtaken_before(world: World, pause_s: float, work: Work) -> object:
    world.meanwhile(pause_s)
    return work()


def _overtaken_after(world: World, pause_s: float, work: Work) -> object:
    result = work()
    world.meanwhile(pause_s)
    return result


def _paused_before(world: World, work: Work) -> object:
    world.pause(HALT_S)
    return work()


def _overtaken_inside(world: World, pause_s: float, work: Work) -> object:
    """Let others work after the cluster has checked the blockhash and before it writes."""

    def once() -> None:
        world.cluster.inside_send = lambda: None
        world.meanwhile(pause_s)

    world.cluster.inside_send = once
    return work()


def _refused_for_good(world: World, work: Work) -> object:
    """Refuse the bytes as ones that no cluster takes, whoever sends them and whenever."""
    world.cluster.refuses_next = True
    return work()


def _still_after(world: World, work: Work) -> object:
    result = work()
    world.clock.advance(STILL_S)
    return result


def _all_gone(world: World, work: Work) -> object:
    world.push.gone |= {connection_id for connection_id, _ in world.watches}
    return work()
