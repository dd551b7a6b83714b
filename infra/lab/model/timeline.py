"""Simulated time: a clock that is moved by what happens, and threads that run beside it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, ParamSpec, TypeVar

from infra.lab.model.assumptions import Latency

P = ParamSpec("P")
T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
_Z99 = 2.3263
"""The 99th percentile of the standard normal distribution."""


class Span(NamedTuple):
    """Something that took time, in seconds after ``START``."""

    name: str
    starts: float
    ends: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ends - self.starts


class Timeline:
    """The ``Clock`` port in simulated time; ``spans`` says what the time went to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.spans: list[Span] = []

    def now(self) -> datetime:
        """Return the simulated time."""
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        """Wait: between two looks at a signature, or for a simulated venue."""
        self.spend("waiting for the chain", seconds)

    def spend(self, name: str, seconds: float) -> None:
        """Let time pass."""
        if seconds > 0:
            self.spans.append(Span(name, self.seconds, self.seconds + seconds))
            self.seconds += seconds

    def wait_until(self, seconds: float, name: str) -> None:
        """Let time pass up to a moment, if it is not past."""
        self.spend(name, seconds - self.seconds)


class _Joined(Future[T]):
    """A result that was reached at ``ends``; who asks for it has waited until then."""

    def __init__(self, timeline: Timeline, name: str) -> None:
        super().__init__()
        self._timeline = timeline
        self._name = name
        self.ends = 0.0

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait in simulated time, then return what was raised."""
        self._timeline.wait_until(self.ends, self._name)
        return super().exception(timeout)


class Beside(Executor):
    """Threads in simulated time: what is submitted starts now and takes none of the caller's time.

    It runs at once, on the clock as it would be, and the clock is then set back.
    """

    def __init__(self, timeline: Timeline, name: str) -> None:
        self._timeline = timeline
        self._name = name
        self.last_end = 0.0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn``; its future is done, and asking for its outcome waits for it."""
        timeline, future = self._timeline, _Joined[T](self._timeline, self._name)
        seconds, count = timeline.seconds, len(timeline.spans)
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:
            future.set_exception(exc)
        future.ends = timeline.seconds
        self.last_end = max(self.last_end, timeline.seconds)
        timeline.seconds = seconds
        del timeline.spans[count:]
        return future


def draw(latency: Latency, rng: random.Random) -> float:
    """Return a latency in seconds, log-normal with the given median and 99th percentile."""
    sigma = math.log(latency.p99_ms / latency.p50_ms) / _Z99
    return latency.p50_ms / 1000 * math.exp(sigma * rng.gauss(0, 1))
