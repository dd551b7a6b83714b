"""One order after the other through the real use cases, in simulated time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from dexec.adapters.paper import paper_chain
from dexec.bootstrap import Container
from dexec.domain.ids import order_id
from dexec.domain.quote import Mode, RouteRequest
from dexec.ports import ApiKey
from dexec.settings import Settings
from dexec.usecases.place_order import Submission
from infra.lab.model.assumptions import Assumptions, Function
from infra.lab.model.services import Cloud, CloudLedger, CloudOrders, CloudPush, CloudQueue, CloudWatching
from infra.lab.model.stack import stack
from infra.lab.model.timeline import START, Beside, Span, Timeline

if TYPE_CHECKING:
    from dexec.adapters.paper.simulator import PaperLedger
    from dexec.ports import Orders, Queue, Watching

TIMEOUT = timedelta(seconds=20)
USED = (
    "httpRequests", "lambdaRequests", "sqsRequests", "transactions", "roundTrips", "looks", "microDpu",
    "microDpuToForget", "storedBytes", "ledgerBytes", "frames", "frameBytes",
)  # fmt: skip
QUEUED = "queue to executor"
PACE_S = 7.3
"""Between two orders: no divisor of any period of the market's."""


@dataclass(frozen=True)
class Sample:
    """One order, in seconds after its request was sent, and for how long each function ran.

    ``answered_s``: 202; ``started_s``: the executor has the message; ``notified_s``: watchers were notified
    that it is confirmed (without watchers: that is stored). ``spans`` is the critical path.
    """

    answered_s: float
    started_s: float
    notified_s: float
    accept_s: float
    execute_s: float
    spans: tuple[Span, ...]
    used: Counter[str]


@dataclass(frozen=True)
class Scenario:
    """What is modelled: simulated latency of venues and chain, watchers of each order, chance."""

    latency: str = "default"
    watchers: int = 1
    seed: int = 1


def sample(scenario: Scenario, assumed: Assumptions, number: int) -> Sample:
    """Run order ``number`` of a scenario; the same arguments give the same sample."""
    rng = random.Random(f"{scenario.seed}/{number}")
    timeline = Timeline()
    timeline.seconds = sent = number * PACE_S
    run = _Run(scenario, Cloud(timeline, assumed, rng), number)
    accept_s = run.accept()
    answered = timeline.seconds
    execute_s = run.execute()
    notified = run.watching.notified_at or timeline.seconds
    path = tuple(span for span in timeline.spans if span.ends <= notified)
    started = next(span.ends for span in path if span.name == QUEUED)
    times = (answered - sent, started - sent, notified - sent)
    return Sample(*times, accept_s, execute_s, path, run.cloud.used)


def processor_share(memory_mb: int, assumed: Assumptions) -> float:
    """Return which share of a processor Lambda gives a function of that memory, one at the most."""
    return min(1.0, memory_mb / assumed.full_processor_mb.value)


def cold_cpu_s(function: Function, share: float) -> float:
    """Return how long a cold start's own work takes: only the import has a whole processor."""
    return (function.import_cpu_ms + function.first_cpu_ms / share) / 1000


def mean_used(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the average use of an order."""
    total = sum((one.used for one in samples), Counter[str]())
    return {name: total[name] / len(samples) for name in USED}


class _Run:
    def __init__(self, scenario: Scenario, cloud: Cloud, number: int) -> None:
        self.cloud = cloud
        self._rng = cloud.rng
        self._store = CloudOrders(cloud, scenario.watchers)
        self._pushes = Beside(cloud.timeline, "push")
        self.watching = CloudWatching(cloud, self._pushes)
        self._parts = self._composed(scenario)
        self._number = number
        self._order_id = ""

    def accept(self) -> float:
        """Place the order; return how long the function ran."""
        cloud, timeline = self.cloud, self.cloud.timeline
        cloud.used["httpRequests"] += 1
        cloud.take("httpApi", "API Gateway")
        cloud.take("invoke", "Lambda invocation")
        started = self._start("accept")
        client = ApiKey("hash", f"client-{self._number}", 0, None, START)
        self._order_id = self._parts.place_order(Submission(self._request()), client).order.id
        return timeline.seconds - started

    def execute(self) -> float:
        """Execute the order; return how long the function ran, its last pushes included."""
        timeline = self.cloud.timeline
        self.cloud.take("sqsToLambda", QUEUED)
        started = self._start("execute")
        if self._parts.execute_order(self._order_id, 1, timeline.now() + TIMEOUT) is not None:
            raise RuntimeError("the model's order was not executed in one run")
        self._store.count_stored(self._order_id)
        return max(timeline.seconds, self._pushes.last_end) - started

    def _start(self, function: str) -> float:
        """Begin a function: perhaps cold, then its own CPU at the share that its memory buys.

        Return the moment from which it is billed, which is that of its import where it starts cold.
        """
        cloud, assumed = self.cloud, self.cloud.assumed
        cloud.used["lambdaRequests"] += 1
        made = assumed.functions[function]
        share = processor_share(stack().memory_mb[function], assumed)
        is_cold = self._rng.random() < assumed.cold_start_rate.value
        if is_cold:
            cloud.take("environment", "cold start")
        started = cloud.timeline.seconds
        if is_cold:
            cloud.timeline.spend("cold start", cold_cpu_s(made, share))
        cloud.timeline.spend(f"own CPU, {function}", made.cpu_ms / 1000 / share)
        return started

    def _composed(self, scenario: Scenario) -> Container:
        """Return a deployment's use cases, in simulated time."""
        timeline = self.cloud.timeline
        # The clean run asks for no other methods of these ports.
        ledger = cast("PaperLedger", CloudLedger(self.cloud))
        return Container(
            Settings.from_environ({}),
            clock=timeline,
            orders=cast("Orders", self._store),
            watching=cast("Watching", self.watching),
            queue=cast("Queue", CloudQueue(self.cloud)),
            push=CloudPush(self.cloud),
            chain=paper_chain(lambda: ledger, timeline, seed=scenario.seed, latency=scenario.latency),
            new_order_id=self._new_id,
            new_token=lambda: "token",
            jitter=self._rng.random,
            venue_threads=Beside(timeline, "venues"),
            push_threads=self._pushes,
            slow_push_threads=self._pushes,
            # Gathering waits in real time.
            gather_s=0,
        )

    def _request(self) -> RouteRequest:
        if self._number % 2:
            return RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 150_000_000)
        return RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_000_000_000)

    def _new_id(self, now: datetime) -> str:
        return order_id(now, self._rng.randbytes(10))
