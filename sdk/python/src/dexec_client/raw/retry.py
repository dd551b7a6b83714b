"""Retries after a lost answer: which requests, how often, and with which backoff."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dexec_client.errors import BadAddress, DexecError

T = TypeVar("T")
Say = Callable[[str], None]

TRIES = 5
LOST = frozenset({0, 502, 503, 504})
"""Statuses that say nothing final: no answer at all, or one of a gateway or of an unavailable back end."""

LONGEST_WAIT_S = 30.0
"""A ``Retry-After`` beyond it is left to the caller."""

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0


def new_key() -> str:
    """Return an idempotency key: one for each order that is wanted, kept for all tries to place it."""
    return str(uuid.uuid4())


def key_or_new(key: str | None) -> str:
    """Return an idempotency key, a new one for None.

    An empty one is refused with ``ValueError``: it is a variable without its value, and under a new key each
    time the order would be placed as often as it is sent.
    """
    if key == "":
        raise ValueError("the idempotency key is empty")
    return new_key() if key is None else key


def is_lost(error: DexecError) -> bool:
    """Whether a call has no answer yet that is final, so that it may be made again."""
    return error.status in LOST and not isinstance(error, BadAddress)


def pause_s(failures: int, retry_after: float | None = None) -> float:
    """Return how long to wait after failures in a row: doubling, jittered, never under Retry-After."""
    pause: float = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(failures - 1, 10))
    return max(pause * random.uniform(0.5, 1), retry_after or 0.0)


async def until_answered(call: Callable[[], Awaitable[T]], say: Say, how: str = ", under the same key") -> T:
    """Make a call that may be repeated, again while its answer is lost; ``say`` is called at each repeat.

    Raises the ``DexecError`` of an answer; after ``TRIES`` the first one after which it is not known whether
    the call was carried out, if there was any.
    """
    unknown: DexecError | None = None
    failures = 0
    while True:
        try:
            return await call()
        except DexecError as exc:
            if not is_lost(exc):
                raise
            failures += 1
            unknown = unknown or (exc if exc.is_unknown else None)
            wait_s = pause_s(failures, exc.retry_after)
            if failures == TRIES or wait_s > LONGEST_WAIT_S:
                raise unknown or exc from exc
            say(f"{exc}; asking again{how}, in {wait_s:.1f} s ({failures + 1} of {TRIES})")
        await asyncio.sleep(wait_s)
