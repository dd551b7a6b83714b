"""The figures of a run: latencies, throughput, losses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from dexec.adapters.paper.simulator import LATENCIES
from dexec_client.raw.events import TERMINAL
from dexec_client.raw.json_types import Document
from infra.lab.bench.collector import Received, Step
from infra.lab.bench.load import Placed, Run
from infra.lab.percentiles import spread

STATES = ("pending", "routing", "quotes", "building", "submitted", "confirmed", "failed")


class Moment(NamedTuple):
    """How many orders were queued and how many executing from ``at`` on, seconds after the start."""

    at: float
    queued: int
    executing: int


class Figures:
    """Reads a run; ``latency`` is the deployment's simulated latency, where it is known."""

    def __init__(self, run: Run, latency: str | None) -> None:
        self._run = run
        self._latency = latency
        self._accepted = [placed for placed in run.placed if placed.order_id is not None]

    def document(self) -> Document:
        """Return all figures, JSON-ready; times in milliseconds unless named otherwise."""
        ends = [self._end_of(placed) for placed in self._accepted]
        moments, states = self.moments(), self._state_ms()
        return {
            "ordersPerSecond": self._orders_per_second(),
            "endToEndMs": spread(states.get("confirmed", [])),
            "acceptMs": spread((p.answered - p.intended) * 1000 for p in self._accepted if p.answered),
            "stateMs": {state: spread(times) for state, times in states.items()},
            "overheadMs": spread(self._overhead_ms()),
            "highestExecuting": max((moment.executing for moment in moments), default=0),
            "executingWhileQueued": _mean_executing(moments),
            "ordersConfirmed": ends.count("confirmed"),
            "ordersFailed": sum(end not in ("confirmed", None) for end in ends),
            "ordersRefused": len(self._run.placed) - len(self._accepted),
            "ordersBehindError": sum(_stands(placed) for placed in self._run.placed),
            "ordersRepeated": sum(placed.tries > 1 for placed in self._run.placed),
            "ordersNotTerminal": ends.count(None),
            "ordersDelayed": sum(self._delayed(placed) for placed in self._accepted),
            **self._events(),
            "socketsRefused": sum(placed.socket_refusal is not None for placed in self._run.placed),
            "socketsDropped": self._run.dropped,
            "seconds": round(self._last_arrival() - self._run.started, 3),
        }

    def refusals(self) -> list[str]:
        """Return why orders and sockets were refused, each reason once."""
        given = [reason for p in self._run.placed for reason in (p.refusal, p.socket_refusal)]
        return list(dict.fromkeys(reason for reason in given if reason is not None))

    def _state_ms(self) -> dict[str, list[float]]:
        """Return the times from intended start to the event of each state, for each order and watcher."""
        times: dict[str, list[float]] = {}
        for placed, received in self._pairs():
            steps = self._steps(placed)
            for seq, arrived in received.arrivals.items():
                times.setdefault(steps[seq].name, []).append((arrived - placed.intended) * 1000)
        return {state: times[state] for state in STATES if state in times}

    def moments(self) -> list[Moment]:
        """Return how many orders were queued and executing over time, by the deployment's clock."""
        changes: list[tuple[float, int, int]] = []
        for placed in self._accepted:
            at = {step.name: _seconds(step.at) for step in reversed(self._ordered(placed))}
            end = max((at[name] for name in TERMINAL & at.keys()), default=math.inf)
            if "pending" in at and "routing" in at:
                changes += [(at["pending"], 1, 0), (at["routing"], -1, 1), (end, 0, -1)]
        moments, queued, executing = [], 0, 0
        for moment, more_queued, more_executing in sorted(changes, key=lambda change: (change[0], change[2])):
            queued, executing = queued + more_queued, executing + more_executing
            moments.append(Moment(moment - self._run.started_at, queued, executing))
        return [moment for moment in moments if math.isfinite(moment.at)]

    def _pairs(self) -> Iterable[tuple[Placed, Received]]:
        for placed in self._accepted:
            for received in self._run.collector.received.get(placed.order_id or "", {}).values():
                yield placed, received

    def _steps(self, placed: Placed) -> dict[int, Step]:
        return self._run.collector.steps.get(placed.order_id or "", {})

    def _ordered(self, placed: Placed) -> list[Step]:
        return [step for _, step in sorted(self._steps(placed).items())]

    def _end_of(self, placed: Placed) -> str | None:
        ends = [step.name for step in self._ordered(placed) if step.name in TERMINAL]
        return ends[0] if ends else None

    def _last_arrival(self) -> float:
        return max((max(h.arrivals.values()) for _, h in self._pairs()), default=self._run.started)

    def _orders_per_second(self) -> float:
        """Return confirmed orders over the time from the first intended start to the last terminal event."""
        confirmed = sum(self._end_of(placed) == "confirmed" for placed in self._accepted)
        elapsed = self._last_arrival() - self._run.started
        return round(confirmed / elapsed, 2) if elapsed else 0.0

    def _overhead_ms(self) -> list[float]:
        """Return end to end minus the simulated times of the slowest venue and of landing.

        Landing is known from the signature, as the paper cluster draws it; only first attempts count.
        """
        if self._latency not in LATENCIES:
            return []
        landing_time = LATENCIES[self._latency].landing_time
        overheads = []
        for placed, received in self._pairs():
            steps = self._ordered(placed)
            last = max(received.arrivals, default=0)
            if not steps or steps[-1].name != "confirmed" or steps[-1].attempt != 1 or last != len(steps):
                continue
            venue_ms = sum(step.venue_ms for step in steps if step.venue_ms is not None)
            signature = next(step.signature for step in steps if step.signature is not None)
            landing_ms = landing_time(signature).total_seconds() * 1000
            end_ms = (received.arrivals[last] - placed.intended) * 1000
            overheads.append(end_ms - venue_ms - landing_ms)
        return overheads

    def _delayed(self, placed: Placed) -> bool:
        """Return whether the rate limit of the key held the order back."""
        pending = self._steps(placed).get(1)
        if pending is None or placed.starts_at is None:
            return False
        return _seconds(placed.starts_at) > _seconds(pending.at) + 0.5

    def _events(self) -> Document:
        expected = missing = duplicated = out_of_order = 0
        for placed in self._accepted:
            received = self._run.collector.received.get(placed.order_id or "", {})
            # Without an end, what an order has shown so far is the least it has.
            count = max((one.highest for one in received.values()), default=1)
            expected += count * self._run.watchers
            missing += count * self._run.watchers - sum(len(one.arrivals) for one in received.values())
            duplicated += sum(one.duplicated for one in received.values())
            out_of_order += sum(one.out_of_order for one in received.values())
        return {
            "eventsExpected": expected,
            "eventsMissing": missing,
            "eventsDuplicated": duplicated,
            "eventsOutOfOrder": out_of_order,
            "framesReceived": self._run.collector.frames,
        }


def _stands(placed: Placed) -> bool:
    """Return whether an order was or may be executed although its client got an error."""
    return placed.behind_error not in (None, "failed")


def _mean_executing(moments: Sequence[Moment]) -> float | None:
    """Return how many orders executed, on average over the time in which others were queued."""
    waiting = [(after.at - now.at, now.executing) for now, after in pairwise(moments) if now.queued > 0]
    total = sum(seconds for seconds, _ in waiting)
    return round(sum(seconds * executing for seconds, executing in waiting) / total, 2) if total else None


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
