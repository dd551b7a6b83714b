"""One order after the other through the real use cases, in simulated time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from dexec.adapters.paper.chain_time import LATENCIES
from dexec.adapters.paper.cluster import PaperCluster
from dexec.adapters.paper.market import VENUES, PaperMarket
from dexec.adapters.paper.signer import PaperSigner
from dexec.adapters.paper.venue import PaperVenue
from dexec.api.frames import first_frame
from dexec.domain.ids import order_id
from dexec.domain.quote import Mode, RouteRequest
from dexec.ports import ApiKey, RateLimit
from dexec.usecases.execute_order import ExecuteOrder
from dexec.usecases.place_order import PlaceOrder, Submission
from dexec.usecases.quote_route import QuoteRoute
from dexec.usecases.tell import Teller
from infra.lab.model.assumptions import Assumptions, Function
from infra.lab.model.services import Cloud, CloudLedger, CloudOrders, CloudPush, CloudQueue, CloudWatching
from infra.lab.model.stack import stack
from infra.lab.model.timeline import START, Beside, Span, Timeline

if TYPE_CHECKING:
    from dexec.adapters.paper.ledger import PaperLedger
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

    ``answered_s``: 202; ``started_s``: the executor has the message; ``told_s``: all watchers were told
    that it is confirmed (without watchers: that is stored). ``spans`` is the critical path.
    """

    answered_s: float
    started_s: float
    told_s: float
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
    executor_mb: int | None = None
    """Memory of the executor; None: what the template gives it."""


def sample(scenario: Scenario, assumed: Assumptions, number: int) -> Sample:
    """Run order ``number`` of a scenario; the same arguments give the same sample."""
    rng = random.Random(f"{scenario.seed}/{number}")
    timeline = Timeline()
    timeline.seconds = sent = number * PACE_S
    run = _Run(scenario, Cloud(timeline, assumed, rng), number)
    accept_s = run.accept()
    answered = timeline.seconds
    execute_s = run.execute()
    told = run.watching.told_at or timeline.seconds
    path = tuple(span for span in timeline.spans if span.ends <= told)
    started = next(span.ends for span in path if span.name == QUEUED)
    times = (answered - sent, started - sent, told - sent)
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
        # The clean run asks for no other methods of these ports.
        self._store = CloudOrders(cloud, scenario.watchers)
        self._orders = cast("Orders", self._store)
        self._pushes = Beside(cloud.timeline, "push")
        self.watching = CloudWatching(cloud, self._pushes)
        self._latency = LATENCIES[scenario.latency]
        self._market = PaperMarket(scenario.seed)
        self._number = number
        self._order_id = ""
        self._memory_mb = dict(stack().memory_mb)
        if scenario.executor_mb is not None:
            self._memory_mb["execute"] = scenario.executor_mb

    def accept(self) -> float:
        """Place the order; return how long the function ran."""
        cloud, timeline = self.cloud, self.cloud.timeline
        cloud.used["httpRequests"] += 1
        cloud.take("httpApi", "API Gateway")
        cloud.take("invoke", "Lambda invocation")
        started = self._start("accept")
        no_limit = RateLimit(0.6, 10, 900)
        place = PlaceOrder(self._orders, cast("Queue", CloudQueue(cloud)), timeline, self._new_id, no_limit)
        client = ApiKey("hash", f"client-{self._number}", 0, None, START)
        self._order_id = place(Submission(self._request()), client).order.id
        return timeline.seconds - started

    def execute(self) -> float:
        """Execute the order; return how long the function ran, its last pushes included."""
        timeline = self.cloud.timeline
        self.cloud.take("sqsToLambda", QUEUED)
        started = self._start("execute")
        venues = [PaperVenue(name, self._market, timeline, self._latency) for name in VENUES]
        ledger = cast("PaperLedger", CloudLedger(self.cloud))
        case = ExecuteOrder(
            self._orders,
            PaperCluster(self._market, ledger, timeline, self._latency),
            PaperSigner(1),
            QuoteRoute(venues, timeline, Beside(timeline, "venues")),
            timeline,
            self._teller,
            lambda: "token",
            self._rng.random,
        )
        if case(self._order_id, 1, timeline.now() + TIMEOUT) is not None:
            raise RuntimeError("the model's order was handed back")
        self._store.count_stored(self._order_id)
        return max(timeline.seconds, self._pushes.last_end) - started

    def _start(self, function: str) -> float:
        """Begin a function: perhaps cold, then its own CPU at the share that its memory buys.

        Return the moment from which it is billed, which is that of its import where it starts cold.
        """
        cloud, assumed = self.cloud, self.cloud.assumed
        cloud.used["lambdaRequests"] += 1
        made = assumed.functions[function]
        share = processor_share(self._memory_mb[function], assumed)
        is_cold = self._rng.random() < assumed.cold_start_rate.value
        if is_cold:
            cloud.take("environment", "cold start")
        started = cloud.timeline.seconds
        if is_cold:
            cloud.timeline.spend("cold start", cold_cpu_s(made, share))
        cloud.timeline.spend(f"own CPU, {function}", made.cpu_ms / 1000 / share)
        return started

    def _teller(self) -> Teller:
        watching = cast("Watching", self.watching)
        return Teller(CloudPush(self.cloud), watching, self.cloud.timeline, self._pushes, first_frame)

    def _request(self) -> RouteRequest:
        if self._number % 2:
            return RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 150_000_000)
        return RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_000_000_000)

    def _new_id(self, now: datetime) -> str:
        return order_id(now, self._rng.randbytes(10))
