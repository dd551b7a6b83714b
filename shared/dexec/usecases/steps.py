"""Runs independent steps: one that fails does not prevent the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from dexec.ports import Clock

T = TypeVar("T")

RESERVE_S = 3
"""What is kept free at the end of an invocation: no batch is begun in it."""


def has_time(clock: Clock, ends_at: datetime) -> bool:
    """Whether there is time for another batch before ``ends_at``."""
    return clock.now() < ends_at - timedelta(seconds=RESERVE_S)


class Steps:
    """Runs steps and keeps the first failure for ``end``."""

    def __init__(self) -> None:
        self._failure: Exception | None = None

    def run(self, step: Callable[[], T], otherwise: T) -> T:
        """Return what ``step`` returns, or ``otherwise`` if it fails."""
        try:
            return step()
        except Exception as exc:
            if self._failure is None:
                self._failure = exc
            else:
                self._failure.add_note(f"and after that, {type(exc).__name__}: {exc}")
            return otherwise

    def end(self) -> None:
        """Raise the first failure, if there was one; the others are notes of it."""
        if self._failure is not None:
            raise self._failure
