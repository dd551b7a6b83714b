"""Repeatable randomness: numbers that depend on nothing but what they are asked for."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b


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
