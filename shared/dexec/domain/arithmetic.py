"""Integer arithmetic that amounts, fees and prices share."""

from __future__ import annotations

BPS = 10_000
"""Basis points in a whole."""


def ceil_div(dividend: int, divisor: int) -> int:
    """Return the quotient rounded up (for a positive divisor)."""
    return -(-dividend // divisor)
