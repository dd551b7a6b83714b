"""Making an input that fails smaller, part by part, while it still fails."""

from __future__ import annotations

from collections.abc import Callable

from tests.system.edge.inputs import Input

PARTS = ("method", "path", "query", "key", "body")
MOST_TRIES = 2_000


def smallest(failing: Input, fails: Callable[[Input], bool]) -> Input:
    """Return an input that fails, of which no piece of a text can be left out, or which took long to find."""
    tries = MOST_TRIES
    for name in PARTS:
        text = getattr(failing, name)
        size = len(text)
        while size and tries:
            place = 0
            while place < len(text) and tries:
                tries -= 1
                shorter = text[:place] + text[place + size :]
                if fails(failing.with_part(name, shorter)):
                    text = shorter
                else:
                    place += size
            size //= 2
        failing = failing.with_part(name, text)
    return failing
