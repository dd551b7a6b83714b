"""What a test does with a client, run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from dexec_client import AsyncClient
from tests.sdk.python.fake_deployment import Deployment

T = TypeVar("T")
Scenario = Callable[[AsyncClient], Coroutine[object, object, T]]


def played(deployment: Deployment, scenario: Scenario[T], said: list[str] | None = None) -> T:
    """Return what a scenario returns, within ten seconds; ``said`` gets what is said of retries."""

    async def play() -> T:
        heard = [] if said is None else said
        async with (
            asyncio.timeout(10),
            AsyncClient(deployment.url, api_key="k", on_retry=heard.append) as client,
        ):
            return await scenario(client)

    return asyncio.run(play())
