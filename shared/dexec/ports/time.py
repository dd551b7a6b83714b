"""The ``Clock`` port: current time and sleep, which tests control."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Current time and sleep, which tests control."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; not at all where the time is negative."""
