"""Clients of a deployment under faults: they place orders and require every event of each."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from dexec_client.errors import DexecError as SdkError
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from infra.local.home import State
from infra.local.keys import create_key

ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.5"}
_COME_BACK_S = 0.5
_PLACING_AT_ONCE = 10


class Client:
    """One client with one socket; ``shown`` are the seqs it has shown of each of its orders, in order."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._key = f"chaos-{uuid.uuid4().hex[:12]}"
        self._feed: Feed | None = None
        self.shown: dict[str, list[int]] = {}
        self._open: set[str] = set()

    async def place(self, count: int) -> None:
        """Place orders; every one of them is acknowledged when this returns. Raises ``SdkError``."""
        await asyncio.to_thread(create_key, self._state.database_url, self._key, orders_per_minute=0)
        async with Feed(self._state.websocket_url, self._key) as feed:
            for _ in range(count):
                order_id = str((await feed.execute(ORDER))["orderId"])
                self.shown[order_id] = []
                self._open.add(order_id)

    async def watch(self) -> None:
        """Show events until each order has shown its last; come back whenever the deployment is away."""
        while self._open:
            try:
                async with Feed(self._state.websocket_url, self._key) as self._feed:
                    await self._follow(self._feed)
            except SdkError:
                await asyncio.sleep(_COME_BACK_S)
        self._feed = None

    async def drop(self) -> None:
        """Close the socket, as a network would; the client comes back and asks for what it missed."""
        if self._feed is not None:
            await self._feed.drop()

    async def _follow(self, feed: Feed) -> None:
        for order_id in sorted(self._open):
            await feed.subscribe(order_id, after_seq=max(self.shown[order_id], default=0))
        async for event in feed.until_terminal(set(self._open)):
            self.shown[event.order_id].append(event.seq)
            if event.terminal:
                self._open.discard(event.order_id)


class Crowd:
    """Several clients with some orders each."""

    def __init__(self, state: State, clients: int, orders_each: int) -> None:
        self.clients: Sequence[Client] = [Client(state) for _ in range(clients)]
        self._orders_each = orders_each
        self._watching: list[asyncio.Task[None]] = []

    async def place(self) -> None:
        """Place all orders, then begin to watch them."""
        places = asyncio.Semaphore(_PLACING_AT_ONCE)

        async def place(client: Client) -> None:
            async with places:
                await client.place(self._orders_each)

        await asyncio.gather(*map(place, self.clients))
        self._watching = [asyncio.create_task(client.watch()) for client in self.clients]

    async def wait(self, timeout_s: float) -> None:
        """Wait until every client has seen the end of every order, or the time is up."""
        _, late = await asyncio.wait(self._watching, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    @property
    def shown(self) -> dict[str, list[int]]:
        """What was shown of each order."""
        return {order_id: seqs for client in self.clients for order_id, seqs in client.shown.items()}
