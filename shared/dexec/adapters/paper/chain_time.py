"""What the paper venues, cluster and signer agree on: slots, blockhashes, keys, latencies, chance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

SLOT = timedelta(milliseconds=400)
BLOCKHASH_SLOTS = 150
"""A transaction can land for this many blocks after its blockhash; on paper every slot has a block."""

_GENESIS = datetime(2024, 1, 1, tzinfo=UTC)


def slot_at(now: datetime) -> int:
    """Return the slot (and block height) of a moment."""
    return (now - _GENESIS) // SLOT


def digest(*parts: object) -> bytes:
    """Return 32 bytes that depend on nothing but ``parts``."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()


def happens(rate: Decimal, *parts: object) -> bool:
    """Decide, by ``parts`` alone, something that is true in ``rate`` of all cases."""
    return int.from_bytes(digest(*parts)[:8]) < rate * 2**64


def between(low: timedelta, high: timedelta, *parts: object) -> timedelta:
    """Return a duration in [low, high] that depends on ``parts`` alone."""
    return low + (high - low) * (int.from_bytes(digest(*parts)[:4]) / 2**32)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a quote takes, and how long a transaction takes to land: a range each."""

    quote: tuple[timedelta, timedelta]
    landing: tuple[timedelta, timedelta]


def _ms(low: int, high: int) -> tuple[timedelta, timedelta]:
    return timedelta(milliseconds=low), timedelta(milliseconds=high)


LATENCIES = {
    "none": Latency(_ms(0, 0), _ms(0, 0)),
    "default": Latency(_ms(180, 220), _ms(250, 300)),
    "congested": Latency(_ms(180, 220), _ms(2_000, 5_000)),
}
