"""Conflicts between concurrent transactions: which errors they are, and how they are retried.

Aurora DSQL locks nothing and refuses the later commit; PostgreSQL does so at its stricter isolation levels,
and breaks deadlocks. Either rolls the transaction back, so that it may be run again whatever it writes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

SQLSTATES = frozenset({"40001", "40P01", "OC000", "OC001"})
"""Serialization failure, deadlock, and Aurora DSQL's codes for changed data and for a changed catalogue.

Aurora DSQL has the latter two in the message of a 40001, or as SQLSTATE: psycopg has no class for that.
"""

DEADLINE_S = 2.0
"""Retries end this long after the first try: as long as the answer to a statement is waited for."""

BASE_S, CAP_S = 0.01, 0.25
_DOUBLINGS = 16
"""More doublings than it takes to reach the cap."""


def is_conflict(error: psycopg.Error) -> bool:
    """Whether a transaction was rolled back because of a concurrent one."""
    return error.sqlstate in SQLSTATES


def longest_pause_s(refusals: int) -> float:
    """Return the upper bound of the pause after that many refusals in a row: it doubles, up to a cap.

    The pause is drawn from zero up ("full jitter"): those that were refused together must not meet again.
    """
    return min(CAP_S, BASE_S * 2.0 ** min(refusals, _DOUBLINGS))


class Backoff:
    """Exponential backoff with full jitter: ``uniform`` draws a pause between two bounds, in seconds."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._uniform = uniform
        self._monotonic = monotonic

    def start(self) -> Callable[[], bool]:
        """Return a function that pauses before each retry of a transaction that begins now.

        It returns False, without a pause, if the pause would end after the deadline.
        """
        give_up = self._monotonic() + DEADLINE_S
        refusals = 0

        def may_repeat() -> bool:
            nonlocal refusals
            refusals += 1
            pause_s = self._uniform(0, longest_pause_s(refusals))
            if self._monotonic() + pause_s > give_up:
                return False
            self._sleep(pause_s)
            return True

        return may_repeat
