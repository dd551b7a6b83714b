"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
WITHIN_S = 60


def awaited(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Have pytest run a test in an event loop of its own; it fails where it takes longer than a minute."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def in_time() -> None:
            async with asyncio.timeout(WITHIN_S):
                await test(*args, **kwargs)

        asyncio.run(in_time())

    return run
