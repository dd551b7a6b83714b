"""When a keep-alive connection is replaced: Lambda freezes an environment between two invocations.

A frozen environment does not notice that a connection was closed, and a request on such a connection is
lost, or hangs until its time-out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

IDLE_S = 300
"""Network address translation forgets a flow that was silent for 350 s, without a word to either end."""

AGE_S = 3_000
"""Aurora DSQL ends a session after an hour."""

Now = Callable[[], float]

wall_clock: Now = time.time
"""Goes on while an environment is frozen; a monotonic clock need not, for the whole machine stands still.

A clock that is set back makes a connection look younger than it is: it is then replaced when it fails.
"""


class Kept:
    """When a connection was opened, and when it was last used."""

    def __init__(self, now: Now = wall_clock) -> None:
        self._now = now
        self._opened_at = self._used_at = now()

    def use(self) -> bool:
        """Record a use; False if the connection was idle too long, or is too old, and should be replaced."""
        now = self._now()
        idle_s, age_s = now - self._used_at, now - self._opened_at
        self._used_at = now
        return idle_s <= IDLE_S and age_s <= AGE_S
