"""Deterministic pseudo-random values: hashes of their arguments."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b, sha256


def hashed(seed: int, label: str, index: int, low: int, high: int) -> int:
    """Return a number in [low, high] made from the arguments alone."""
    digest = blake2b(f"{seed} {label} {index}".encode(), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)


@lru_cache(maxsize=4096)
def knot(seed: int, label: str, index: int, low: int, high: int) -> int:
    """The same for numbers that are asked for again and again."""
    return hashed(seed, label, index, low, high)


def between_knots(seed: int, label: str, position: int, period: int, largest: int) -> int:
    """Return the straight line, at ``position``, between random knots in [-largest, largest]."""
    index, phase = divmod(position, period)
    here = knot(seed, label, index, -largest, largest)
    there = knot(seed, label, index + 1, -largest, largest)
    return (here * (period - phase) + there * phase) // period


def digest(*parts: object) -> bytes:
    """Return 32 bytes that depend on nothing but ``parts``."""
    return sha256("\x1f".join(map(str, parts)).encode()).digest()


def happens(rate: Decimal, *parts: object) -> bool:
    """Decide, by ``parts`` alone, something that is true in ``rate`` of all cases."""
    return int.from_bytes(digest(*parts)[:8]) < rate * 2**64


def between(low: timedelta, high: timedelta, *parts: object) -> timedelta:
    """Return a duration in [low, high] that depends on ``parts`` alone."""
    return low + (high - low) * (int.from_bytes(digest(*parts)[:4]) / 2**32)
