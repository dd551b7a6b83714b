"""Cost of idle WebSocket connections: ``python -m infra.lab.bench.hold``."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
from time import perf_counter
from typing import NamedTuple

from infra.lab.bench import session
from infra.lab.bench.collector import Collector
from infra.lab.bench.load import OPENING_AT_ONCE
from infra.lab.bench.plan import Target
from infra.lab.bench.sockets import Watchers
from infra.lab.bench.usage import CLIENT, Usage
from infra.local.home import State

SETTLE_S = 5.0
"""After the last socket was opened: until what opening left behind is done."""


class Held(NamedTuple):
    """What open sockets cost the deployment.

    CPU is in per cent of one processor, by kind of process. Memory (PSS) is that of all processes at the end,
    what it grew by while the sockets were opened, and then while they were held.
    """

    sockets: int
    dropped: int
    opened_per_second: float
    held_s: float
    cpu_percent: float
    cpu_percent_of: dict[str, float]
    memory_mb: float
    opened_mb: float
    grown_mb: float
    processes: int


async def hold(target: Target, state: State, sockets: int, seconds: float) -> Held:
    """Open sockets that watch all orders, and hold them open. Raises ``SdkError``."""
    before_mb, _ = Usage(state.processes).deployment()
    async with Watchers(target, Collector(), lambda *_: None) as watchers:
        slots = asyncio.Semaphore(OPENING_AT_ONCE)

        async def open_one() -> None:
            async with slots:
                await watchers.open(stream="all")

        started = perf_counter()
        await asyncio.gather(*(open_one() for _ in range(sockets)))
        opened_s = perf_counter() - started
        await asyncio.sleep(SETTLE_S)
        usage = Usage(state.processes)
        opened_mb, _ = usage.deployment()
        held_from = perf_counter()
        await asyncio.sleep(seconds)
        held_s = perf_counter() - held_from
        cpu_s, _ = usage.read()
        cpu = {kind: spent / held_s * 100 for kind, spent in cpu_s.items() if kind != CLIENT}
        held_mb, processes = usage.deployment()
        return Held(
            sockets=sockets,
            dropped=watchers.dropped,
            opened_per_second=round(sockets / opened_s, 1),
            held_s=round(held_s, 1),
            cpu_percent=round(sum(cpu.values()), 2),
            cpu_percent_of={kind: round(share, 2) for kind, share in sorted(cpu.items())},
            memory_mb=round(held_mb, 1),
            opened_mb=round(opened_mb - before_mb, 1),
            grown_mb=round(held_mb - opened_mb, 1),
            processes=processes,
        )


def allow_many_sockets() -> None:
    """Let this process open as many sockets as the machine lets it, which is more than the usual 1,024."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Measure on a deployment of its own, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.hold", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1_000, help="how many are open")
    parser.add_argument("--seconds", type=float, default=600, help="how long they are held")
    options = parser.parse_args()
    allow_many_sockets()
    with session.own_deployment("none") as state:
        found = asyncio.run(hold(session.target_of(state), state, options.sockets, options.seconds))
    print(json.dumps(found._asdict(), indent=2))


if __name__ == "__main__":
    main()
