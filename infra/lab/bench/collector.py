"""Collects the watchers' events: when each arrived, what is missing or came twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast

from dexec_client.raw.events import Event, from_frame
from dexec_client.raw.json_types import Document


@dataclass
class Received:
    """One order as one watcher received it; ``arrivals`` are ``perf_counter`` seconds by seq."""

    arrivals: dict[int, float] = field(default_factory=dict)
    duplicated: int = 0
    out_of_order: int = 0
    highest: int = 0
    ended: bool = False

    def take(self, event: Event, now: float) -> None:
        """Note one event."""
        if event.seq in self.arrivals:
            self.duplicated += 1
            return
        self.out_of_order += event.seq < self.highest
        self.highest = max(self.highest, event.seq)
        self.arrivals[event.seq] = now
        self.ended = self.ended or event.terminal


@dataclass(frozen=True)
class Step:
    """What is kept of an event: its time at the deployment, and what overhead is computed from."""

    name: str
    at: str
    attempt: int
    venue_ms: float | None = None
    signature: str | None = None


class Collector:
    """Takes the frames of all watchers, who are numbered; everything is kept by order id."""

    def __init__(self) -> None:
        self.received: dict[str, dict[int, Received]] = defaultdict(dict)
        self.steps: dict[str, dict[int, Step]] = defaultdict(dict)
        self.frames = 0
        self.ends = 0
        """Pairs of an order and a watcher that has its last event."""

    def receive(self, watcher: int, frame: Document, now: float) -> None:
        """Note a ``status`` frame that arrived at ``now`` (``perf_counter``)."""
        self.frames += 1
        for event in from_frame(frame):
            received = self.received[event.order_id].setdefault(watcher, Received())
            ended = received.ended
            received.take(event, now)
            self.ends += received.ended and not ended
            steps = self.steps[event.order_id]
            if event.seq not in steps:
                steps[event.seq] = _step(event)


def _step(event: Event) -> Step:
    quotes = cast("list[Document]", event.detail.get("quotes") or [])
    slowest = max((float(str(quote["latencyMs"])) for quote in quotes), default=None)
    signature = cast("str | None", event.detail.get("signature"))
    return Step(event.step or event.status, event.at, event.attempt, slowest, signature)
