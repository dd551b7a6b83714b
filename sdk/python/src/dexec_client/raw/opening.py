"""Opens WebSockets: once at the start, or reconnecting for as long as it takes."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Literal

import websockets
from websockets.asyncio.client import ClientConnection, connect

from dexec_client.errors import ConnectionLost, DexecError, refusal, seconds
from dexec_client.raw.api import is_local
from dexec_client.raw.retry import LONGEST_WAIT_S, TRIES, Say, pause_s

FINAL = frozenset({401, 403, 404})
"""What an opening connection may be answered that will not change by itself."""


async def open_first(url: str, say: Say) -> ClientConnection:
    """Open the first connection. Raises ``DexecError``.

    A deployment that is too busy is asked again ``TRIES`` times, one that is not there is not.
    """
    for failures in range(1, TRIES):
        try:
            return await open_once(url)
        except DexecError as exc:
            wait_s = pause_s(failures, exc.retry_after)
            if exc.status in FINAL | {0} or wait_s > LONGEST_WAIT_S:
                raise
            say(f"{exc}; trying again in {wait_s:.1f} s")
        await asyncio.sleep(wait_s)
    return await open_once(url)


async def reopen(url: str, say: Say) -> ClientConnection:
    """Open another connection, however long that takes. Raises ``DexecError`` once it is refused for good."""
    for failures in count(1):
        try:
            return await open_once(url)
        except DexecError as exc:
            if exc.status in FINAL:
                raise
            wait_s = pause_s(failures, exc.retry_after)
            say(f"{exc}; trying again in {wait_s:.1f} s")
        await asyncio.sleep(wait_s)
    raise AssertionError("it counts without end")


async def open_once(url: str, timeout_s: float = 10) -> ClientConnection:
    """Open a connection. Raises ``DexecError``, with a status where the deployment refused it."""
    try:
        # Its keep-alive is a ping frame of our own: API Gateway does not count protocol pings as use.
        # A bounded queue would stop reading when the feed does, and with it the closing handshake.
        proxy: Literal[True] | None = None if is_local(url) else True
        # Frames are small, and API Gateway compresses none.
        return await connect(
            url,
            ping_interval=None,
            compression=None,
            max_size=2**20,
            max_queue=None,
            open_timeout=timeout_s,
            close_timeout=2,
            proxy=proxy,
        )
    except websockets.InvalidStatus as exc:
        status = exc.response.status_code
        hint = ": is the API key right?" if status in FINAL else ""
        waits = seconds(exc.response.headers.get("retry-after"))
        text = f"the WebSocket was refused with {status}{hint}"
        raise refusal(text, status, retry_after=waits) from exc
    except (OSError, websockets.WebSocketException, TimeoutError) as exc:
        raise ConnectionLost(f"no WebSocket at {url.partition('?')[0]}: {exc}") from exc
