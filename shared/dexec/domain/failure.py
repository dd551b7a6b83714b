"""The stored form of an error that ended an attempt or an order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """An error's ``code`` and a sentence for people.

    ``shortfall_bps`` is how far past its limit a swap would have gone, rounded up (``slippage_exceeded``).
    """

    code: str
    message: str
    shortfall_bps: int | None = None
