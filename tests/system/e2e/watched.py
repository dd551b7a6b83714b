"""An order, and a WebSocket on which its events are followed to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from dexec_client.raw.events import Event, Sequencer, from_frame
from dexec_client.raw.json_types import Document
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import CLEAN_RUN

ALL = list(range(1, len(CLEAN_RUN) + 1))


@asynccontextmanager
async def socket_of(deployment: Deployed, key: str, **query: str) -> AsyncIterator[ClientConnection]:
    """Open a connection of a client's, for twenty seconds at the most."""
    url = f"{deployment.websocket_url}?{urlencode({'apiKey': key, **query})}"
    async with connect(url, proxy=None) as socket, asyncio.timeout(20):
        yield socket


async def to_the_end(socket: ClientConnection) -> list[Event]:
    """Return the events of one order as a client shows them."""
    events: list[Event] = []
    sequencer = Sequencer()
    while not (events and events[-1].terminal):
        received: Document = json.loads(await socket.recv())
        if received["type"] == "status":
            events += sequencer.take(from_frame(received))
    return events


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]
