"""The tape that is written while a deployment runs: which read of it holds for which slots.

The rule, in slots. A read that began at slot r serves the pools of slots below r + H (``horizon_slots``), and
no others. A move is stored for slot w + H + A (``lead_slots``) or later, where w is the slot in which its
writer begins. Its commit is over, by the clock of any process, within A slots (``ALLOWANCE_SLOTS``) of that:
they are for storing it and for the difference of the clocks, and the writer measures what it took.

So no pool is ever computed without a move that belongs to it: a read that misses the move began before its
commit was over, r <= w + A, and serves slots below r + H <= w + A + H, which is where the move begins. Hence
all processes have the same pool at the same slot, whenever they read, and however long any of them stands
still between reading and computing; and what was computed once is never recomputed otherwise.

H is as large as lets a busy process read once in R: it asks for slots up to the longest landing L ahead of
now, so a read has to serve up to R + L, and a slot more as both begin within one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from threading import Lock

from dexec.adapters.paper.latency import Latency
from dexec.adapters.paper.slots import SLOT, slot_at
from dexec.adapters.paper.tape import NO_TAPE, PriceMove
from dexec.ports import Clock

READ_SLOTS = 2
"""R, in slots: a process reads the tape at most once in 0.8 s."""

ALLOWANCE_SLOTS = 2
"""A: 0.8 s for storing a move, and by which the clocks of its writer and of the processes may differ."""


def horizon_slots(latency: Latency) -> int:
    """Return how many slots a read serves, from the one in which it began: H."""
    longest_landing = -(-latency.landing[1] // SLOT)
    return READ_SLOTS + longest_landing + 1


def lead_slots(latency: Latency) -> int:
    """Return how far ahead of its writer's slot a move begins at the earliest: H + A."""
    return horizon_slots(latency) + ALLOWANCE_SLOTS


class LiveTape:
    """A ``TapeSource`` that reads stored moves, at most once in ``READ_SLOTS`` for all threads of a process.

    ``read`` returns the stored moves from a slot on. Only new ones are asked for: by the rule above, a read
    has missed none of the slots before it began.
    """

    def __init__(self, read: Callable[[int], Sequence[PriceMove]], clock: Clock, horizon: int) -> None:
        self._read = read
        self._clock = clock
        self._horizon = horizon
        self._tape = NO_TAPE
        self._began = self._end = 0
        self._lock = Lock()

    def factors(self, slot: int) -> Mapping[str, Fraction]:
        """Return each moved token's factor at ``slot``. Raises what ``read`` raises."""
        if slot >= self._end:
            self._refresh(slot)
        return self._tape.factors(slot)

    def _refresh(self, slot: int) -> None:
        with self._lock:
            if slot < self._end:
                return
            began = slot_at(self._clock.now())
            known = [move for move in self._tape.moves if move.slot < self._began]
            found = self._read(self._began)
            if len(known) + len(found) != len(self._tape.moves):
                self._tape = NO_TAPE.extended((*known, *found))
            # The tape first: it is as good for earlier slots, and other threads look at the end alone.
            self._began, self._end = began, began + self._horizon
