"""The experiments: orders in flight, a fault, and what the database and the clients say afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import takewhile

from botocore.exceptions import BotoCoreError, ClientError

from dexec_client.raw.json_types import Document
from infra.lab.chaos import evidence, faults
from infra.lab.chaos.crowd import Crowd
from infra.local import deployment
from infra.local.aws import Aws
from infra.local.errors import LocalError
from infra.local.home import Home, State

RECOVERY_S = 60
"""How long after its last fault a deployment may take until all orders have ended, with all events."""

_SWEEP_EVERY_S = 5
_KILL_EVERY_S = 0.2
_DROP_EVERY_S = 0.5

LONG_PARAMETERS = {"PaperLatency": "default", "QuoteDeadlineMs": "2000"}
"""A machine that is starved on purpose answers late: that is not what is tested here."""

SHORT_PARAMETERS = LONG_PARAMETERS | {
    "ExecutorTimeout": "10",
    "StopBeforeEndMs": "2000",
    "LeaseSeconds": "12",
    "QueueVisibility": "14",
}
"""A killed executor's message comes back when its visibility ends: the short form has no 30 s to wait."""


@dataclass(frozen=True)
class Stand:
    """The deployment that is broken."""

    home: Home
    state: State
    options: deployment.Options

    @property
    def aws(self) -> Aws:
        """Clients of its emulator."""
        return Aws(self.state.endpoint_url)


@dataclass(frozen=True)
class Experiment:
    """``fault`` places the crowd's orders and returns when the last of its faults is over."""

    name: str
    fault: Callable[[Stand, Crowd], Awaitable[None]]
    clients: int = 10
    orders_each: int = 10


@dataclass(frozen=True)
class Result:
    """What became of one experiment's orders.

    ``failed`` counts by reason, ``debits`` says how many orders were debited how often, ``events_lost``
    counts, in each order, the stored events from the first one on that its client did not show in its turn.
    """

    fault: str
    orders: int
    confirmed: int
    failed: dict[str, int]
    unfinished: int
    debits: dict[int, int]
    events_lost: int
    recovered_s: float

    @property
    def held(self) -> bool:
        """Whether all that was accepted was executed exactly once, with all events delivered."""
        all_paid_once = self.debits == {1: self.orders}
        return self.confirmed == self.orders and all_paid_once and not self.events_lost

    def failures(self) -> str:
        """Return how many orders were not confirmed, and why."""
        reasons = [f"{count} {reason}" for reason, count in sorted(self.failed.items())]
        return ", ".join(reasons + ([f"{self.unfinished} unfinished"] if self.unfinished else [])) or "0"

    def debits_per_order(self) -> str:
        """Return how often an order was debited: ``1``, or how many orders how often."""
        if len(self.debits) == 1:
            return str(next(iter(self.debits)))
        return ", ".join(f"{times} ({orders} orders)" for times, orders in sorted(self.debits.items()))

    def document(self) -> Document:
        """Return the result as JSON has it."""
        return {
            "fault": self.fault,
            "orders": self.orders,
            "confirmed": self.confirmed,
            "failed": dict(self.failed),
            "unfinished": self.unfinished,
            "debitsPerOrder": {str(times): orders for times, orders in self.debits.items()},
            "eventsLost": self.events_lost,
            "secondsToRecover": self.recovered_s,
            "held": self.held,
        }


async def run(experiment: Experiment, stand: Stand) -> Result:
    """Run one experiment; the sweeper runs every five seconds meanwhile."""
    crowd = Crowd(stand.state, experiment.clients, experiment.orders_each)
    async with _sweeping(stand.aws):
        await experiment.fault(stand, crowd)
        last_fault = time.monotonic()
        await crowd.wait(RECOVERY_S)
        recovered_s = time.monotonic() - last_fault
    return _judge(experiment, stand, crowd, recovered_s)


def _judge(experiment: Experiment, stand: Stand, crowd: Crowd, recovered_s: float) -> Result:
    shown = crowd.shown
    stored = evidence.outcomes(stand.state.database_url, list(shown))
    ended = [outcome for outcome in stored.values() if outcome.terminal]
    return Result(
        fault=experiment.name,
        orders=experiment.clients * experiment.orders_each,
        confirmed=sum(one.status == "confirmed" for one in ended),
        failed=dict(Counter(one.error or "unknown" for one in ended if one.status != "confirmed")),
        unfinished=len(shown) - len(ended),
        debits=dict(Counter(outcome.debits for outcome in stored.values())),
        events_lost=sum(_not_shown(outcome.seqs, shown[outcome.order_id]) for outcome in stored.values()),
        recovered_s=round(recovered_s, 1),
    )


def _not_shown(stored: list[int], shown: list[int]) -> int:
    in_turn = takewhile(lambda pair: pair[0] == pair[1], zip(stored, shown, strict=False))
    return max(len(stored), len(shown)) - len(list(in_turn))


@contextlib.asynccontextmanager
async def _sweeping(aws: Aws) -> AsyncIterator[None]:
    async def sweep() -> None:
        while True:
            with contextlib.suppress(BotoCoreError, ClientError, LocalError):
                await asyncio.to_thread(faults.sweep, aws)
            await asyncio.sleep(_SWEEP_EVERY_S)

    task = asyncio.create_task(sweep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


# --- faults ------------------------------------------------------------------------------------------


def killing(seconds: float) -> Experiment:
    """Kill an executor, chosen by lot, every 200 ms."""

    async def fault(stand: Stand, crowd: Crowd) -> None:
        await crowd.place()
        until = time.monotonic() + seconds
        lot = random.Random(1)
        killed = 0
        while time.monotonic() < until:
            killed += faults.kill_one_worker(stand.home, lot)
            await asyncio.sleep(_KILL_EVERY_S)
        if not killed:
            raise LocalError("no executor ran that could have been killed")

    return Experiment(f"executors killed for {seconds:g} s", fault)


def stopping_postgres(seconds: float) -> Experiment:
    """Stop PostgreSQL, with it the order store and the paper cluster, and start it again."""

    async def fault(stand: Stand, crowd: Crowd) -> None:
        await crowd.place()
        with faults.postgres_stopped(stand.home):
            await asyncio.sleep(seconds)

    return Experiment(f"PostgreSQL stopped for {seconds:g} s", fault)


def deleting_messages(count: int) -> Experiment:
    """Delete messages from the queue before an executor has seen them."""

    async def fault(stand: Stand, crowd: Crowd) -> None:
        with faults.executor_stopped(stand.aws):
            await crowd.place()
            deleted = await asyncio.to_thread(faults.delete_messages, stand.aws, count)
        if deleted < count:
            raise LocalError(f"only {deleted} of {count} messages were there to be deleted")

    return Experiment(f"{count} messages deleted", fault)


def restarting_emulator() -> Experiment:
    """End the emulator, and with it every function, socket and queued message, and start it again."""

    async def fault(stand: Stand, crowd: Crowd) -> None:
        await crowd.place()
        await asyncio.to_thread(deployment.restart_emulator, stand.home, stand.options)

    return Experiment("emulator and its queue restarted", fault)


def dropping_sockets(times: int) -> Experiment:
    """Close fifty clients' sockets, again and again, while their orders execute."""

    async def fault(_: Stand, crowd: Crowd) -> None:
        await crowd.place()
        for _round in range(times):
            await asyncio.sleep(_DROP_EVERY_S)
            await asyncio.gather(*(client.drop() for client in crowd.clients))

    return Experiment(f"sockets of 50 clients cut {times} times", fault, clients=50, orders_each=2)


SHORT = (
    killing(5),
    stopping_postgres(3),
    deleting_messages(20),
    restarting_emulator(),
    dropping_sockets(3),
)
LONG = (
    killing(10),
    killing(60),
    stopping_postgres(5),
    stopping_postgres(120),
    deleting_messages(100),
    restarting_emulator(),
    dropping_sockets(20),
)
