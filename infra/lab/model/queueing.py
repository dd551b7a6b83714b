"""Many orders at once: executors as servers of one queue, with service times from the samples."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from infra.lab.model.run import Sample
from infra.lab.percentiles import percentile

ORDERS_PER_EXECUTOR = 40
BUSY = 0.7
"""The share of its capacity at which latencies are read."""


class Capacity(NamedTuple):
    """What ``concurrency`` executors do: orders a second, and latencies at ``BUSY`` of that."""

    concurrency: int
    orders_per_second: float
    p50_s: float
    p99_s: float


def capacity(samples: Sequence[Sample], concurrency: int, seed: int) -> Capacity:
    """Simulate a queue that never empties, then one whose orders come at random at ``BUSY`` of its rate."""
    rng = random.Random(f"{seed}/{concurrency}")
    drawn = rng.choices(samples, k=ORDERS_PER_EXECUTOR * concurrency)
    ends = _serve(drawn, [0.0] * len(drawn), concurrency)
    rate = len(drawn) / max(ends)
    arrivals = list(accumulate(rng.expovariate(BUSY * rate) for _ in drawn))
    served = _serve(drawn, arrivals, concurrency)
    latencies = sorted(
        # What it waited for a free executor, and then what it takes anyway.
        end - one.execute_s - arrival + one.notified_s
        for end, arrival, one in zip(served, arrivals, drawn, strict=True)
    )
    return Capacity(concurrency, rate, percentile(latencies, 50), percentile(latencies, 99))


def _serve(samples: Sequence[Sample], arrivals: Sequence[float], servers: int) -> list[float]:
    """Return when each order's executor is done; the first free one takes the next order."""
    free = [0.0] * servers
    ends = []
    for one, arrival in zip(samples, arrivals, strict=True):
        starts = max(arrival, heapq.heappop(free))
        heapq.heappush(free, starts + one.execute_s)
        ends.append(starts + one.execute_s)
    return ends
