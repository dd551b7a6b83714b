"""Runs independent steps: one that fails does not prevent the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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
