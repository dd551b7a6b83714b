"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
WITHIN_S = 20


def awaited(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Have pytest run a test in an event loop of its own; it fails where it takes longer than 20 s."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def in_time() -> None:
            async with asyncio.timeout(WITHIN_S):
                await test(*args, **kwargs)

        asyncio.run(in_time())

    return run
