"""Many iterators over orders' events, on one WebSocket."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType

from dexec_client.errors import DexecError
from dexec_client.raw.events import Event
from dexec_client.raw.feed import Feed
from dexec_client.results import OrderEvent

OpenFeed = Callable[[bool], Awaitable[Feed]]
"""Opens a feed; True for one with the events of all orders. Raises ``DexecError``."""

_Queue = asyncio.Queue[Event | Exception]


class Watch:
    """Shares one WebSocket, opened when it is first needed, among all who watch orders."""

    def __init__(self, open_feed: OpenFeed) -> None:
        self._open_feed = open_feed
        self._opening = asyncio.Lock()
        self._feed: Feed | None = None
        self._pump: asyncio.Task[None] | None = None
        self._queues: dict[str, set[_Queue]] = defaultdict(set)

    async def events(self, order_id: str, after_seq: int) -> AsyncGenerator[Event, None]:
        """Yield an order's events after ``after_seq``, each once and in order, to its last.

        Raises ``DexecError`` where no connection can be opened, or one is refused for good, ``RuntimeError``
        once it is closed.
        """
        feed = await self._opened()
        queue: _Queue = asyncio.Queue()
        self._queues[order_id].add(queue)
        last = after_seq
        try:
            await feed.replay(order_id, after_seq)
            while True:
                item = await queue.get()
                if isinstance(item, Exception):
                    raise item
                # Another iterator over the same order may have asked for earlier ones.
                if item.seq > last:
                    last = item.seq
                    yield item
                    if item.terminal:
                        return
        finally:
            await self._leave(feed, order_id, queue)

    async def aclose(self) -> None:
        """Close the connection; who waits for an event is told."""
        feed, pump, self._feed, self._pump = self._feed, self._pump, None, None
        if feed is not None and pump is not None:
            await feed.aclose()
            await pump

    async def _opened(self) -> Feed:
        async with self._opening:
            if self._feed is None:
                self._feed = await self._open_feed(False)
                self._pump = asyncio.create_task(self._deliver(self._feed))
            return self._feed

    async def _deliver(self, feed: Feed) -> None:
        try:
            async for event in feed.events():
                for queue in self._queues.get(event.order_id, ()):
                    queue.put_nowait(event)
        except (DexecError, RuntimeError) as exc:
            # It will not open again; the next who watches tries a connection of his own.
            self._feed, self._pump = None, None
            for queue in {queue for queues in self._queues.values() for queue in queues}:
                queue.put_nowait(exc)
            await feed.aclose()

    async def _leave(self, feed: Feed, order_id: str, queue: _Queue) -> None:
        watching = self._queues[order_id]
        watching.discard(queue)
        if not watching:
            del self._queues[order_id]
            if feed is self._feed:
                await feed.unsubscribe(order_id)


class AsyncEventStream:
    """The events of all orders of a client from now on: an asynchronous iterator without end.

    The connection opens with the first event that is asked for; as a context manager, at once.
    """

    def __init__(self, open_feed: OpenFeed) -> None:
        self._open_feed = open_feed
        self._feed: Feed | None = None
        self._is_closed = False

    async def __aenter__(self) -> AsyncEventStream:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> OrderEvent:
        return await self.next()

    async def open(self) -> None:
        """Open the connection, unless it is open. Raises ``DexecError``."""
        await self._opened()

    async def next(self) -> OrderEvent:
        """Return the next event; cancelled, by a time-out for example, it loses none.

        Raises ``DexecError`` once the connection is refused for good, ``StopAsyncIteration`` once it is
        closed.
        """
        try:
            return OrderEvent.of(await (await self._opened()).next())
        except RuntimeError:
            if self._is_closed:
                raise StopAsyncIteration from None
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        self._is_closed = True
        if self._feed is not None:
            await self._feed.aclose()

    async def _opened(self) -> Feed:
        if self._is_closed:
            raise RuntimeError("the stream is closed")
        if self._feed is None:
            self._feed = await self._open_feed(True)
        return self._feed
