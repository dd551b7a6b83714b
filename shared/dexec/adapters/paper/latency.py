"""Simulated latencies: how long a venue takes to answer, and how long a transaction takes to land."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dexec.adapters.paper.randomness import between


@dataclass(frozen=True, slots=True)
class Latency:
    """A range each: the least and the longest time of a quote, and of a landing."""

    quote: tuple[timedelta, timedelta]
    landing: tuple[timedelta, timedelta]

    def quote_time(self, venue: str, asked: object) -> timedelta:
        """Return how long ``venue`` takes to answer a request of that moment."""
        return between(*self.quote, venue, asked)

    def landing_time(self, signature: str) -> timedelta:
        """Return how long after its ``send`` a transaction lands."""
        return between(*self.landing, signature)


def _ms(low: int, high: int) -> tuple[timedelta, timedelta]:
    return timedelta(milliseconds=low), timedelta(milliseconds=high)


LATENCIES = {
    "none": Latency(_ms(0, 0), _ms(0, 0)),
    "default": Latency(_ms(180, 220), _ms(250, 300)),
    "congested": Latency(_ms(180, 220), _ms(2_000, 5_000)),
}
