"""The watchers: WebSockets whose frames go to the collector."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from urllib.parse import urlencode

import websockets
from websockets.asyncio.client import ClientConnection

from dexec_client.raw.json_types import Document
from dexec_client.raw.opening import open_once
from infra.lab.bench.collector import Collector
from infra.lab.bench.plan import Target

OPEN_S = 60
"""In which a socket opens while many others do."""


class Watchers:
    """Open sockets of one client, numbered as they are opened; use as an async context manager.

    ``other`` is given the frames that are no status.
    """

    def __init__(
        self, target: Target, collector: Collector, other: Callable[[Document, float], None]
    ) -> None:
        self._target = target
        self._collector = collector
        self._other = other
        self._sockets: list[ClientConnection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.dropped = 0

    async def __aenter__(self) -> Watchers:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in self._sockets), return_exceptions=True)

    async def open(self, **query: str) -> None:
        """Open a socket that watches what ``query`` says, at once. Raises ``SdkError``."""
        url = f"{self._target.websocket_url}?{urlencode({'apiKey': self._target.api_key, **query})}"
        socket = await open_once(url, OPEN_S)
        self._sockets.append(socket)
        self._tasks.append(asyncio.create_task(self._listen(len(self._sockets) - 1, socket)))

    async def send(self, frame: Document) -> None:
        """Send a frame over the first socket."""
        await self._sockets[0].send(json.dumps(frame))

    async def _listen(self, number: int, socket: ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for message in socket:
                now = perf_counter()
                frame: Document = json.loads(message)
                if frame.get("type") == "status":
                    self._collector.receive(number, frame, now)
                else:
                    self._other(frame, now)
        self.dropped += 1
