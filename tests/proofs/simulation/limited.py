"""Short histories of clients that have risk limits."""

from __future__ import annotations

from dexec.domain.risk import RiskLimits
from tests.proofs.simulation.world import World
from tests.support.fakes import Landing

LIMITS = RiskLimits(max_notional=400_000_000, max_daily=500_000_000, collar_bps=9_000)
"""Of three orders of the world's usual swap, some 225 USDC each, a day takes two."""


def limited(world: World) -> None:
    """Two orders fit in a day, the second after an attempt that never landed; the third is refused."""
    world.cluster.landings = [Landing.FILLED, Landing.DROPPED]
    alice = world.client()
    world.backend.risk.set("alice", LIMITS, world.clock.now())
    world.connect("own", alice)
    for _ in range(3):
        world.subscribe("own", world.place(alice))
    world.settle()


def limited_while_submitted(world: World) -> None:
    """A limit is lowered, and then removed, while a transaction is on its way that lands late."""
    world.cluster.landings = [Landing.LATE]
    alice = world.client()
    world.backend.risk.set("alice", LIMITS, world.clock.now())
    world.place(alice)
    world.deliver()
    world.backend.risk.set("alice", RiskLimits(max_daily=1), world.clock.now())
    world.place(alice)
    world.backend.risk.clear("alice")
    world.place(alice)
    world.settle()


LIMITED = (limited, limited_while_submitted)
