"""Poll schedule of a sent transaction's status: not before it can have landed, then less and less often."""

from __future__ import annotations

from collections.abc import Iterator

GROWTH = 1.5
LONGEST_PAUSE_S = 0.4
"""A slot: a cluster has nothing new to say sooner."""


def pauses(lands_after_s: float, poll_s: float) -> Iterator[float]:
    """Yield the pause in seconds before each look; the first one counts from the send.

    Nothing has landed within ``lands_after_s``, and a look at that very moment would be a look too early,
    so one pause is added to it. A cluster on which a transaction lands at once is looked at at once.
    Further pauses grow from ``poll_s`` by half each, up to a slot.
    """
    yield lands_after_s + poll_s if lands_after_s > 0 else 0.0
    pause = poll_s
    while True:
        yield pause
        pause = max(poll_s, min(pause * GROWTH, LONGEST_PAUSE_S))
