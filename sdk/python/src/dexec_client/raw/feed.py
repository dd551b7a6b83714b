"""Watches orders over one WebSocket that reconnects whenever it closes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import cast
from urllib.parse import urlencode

import websockets
from websockets.asyncio.client import ClientConnection

from dexec_client.errors import ConnectionLost, DexecError, UnexpectedAnswer
from dexec_client.raw.events import Event, Sequencer, from_frame
from dexec_client.raw.frames import parsed, refusal_of
from dexec_client.raw.json_types import Document, Json
from dexec_client.raw.opening import open_first, reopen
from dexec_client.raw.retry import LOST, Say, key_or_new, pause_s, until_answered

_PING_S = 60.0
"""How soon a connection that is dead, or unknown to the deployment, is noticed. (API Gateway also
closes one that was idle for 10 minutes.)"""

_PONG_S = 10.0
_ANSWER_S = 15.0
_AT_ONCE = 20
"""Orders whose missed events are asked for together: the answers to the first leave room for the others."""
_BUSY = LOST | {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.TOO_MANY_REQUESTS}
_FORGOTTEN = "connection_unknown"


class Feed:
    """Places and watches orders; gives each event once, in order of seq, over drops and reconnects.

    Use as an async context manager. ``stream`` receives all orders of the client from now on; ``say`` is
    called when something is sent again.
    """

    def __init__(
        self, websocket_url: str, api_key: str, *, stream: bool = False, say: Say = lambda _: None
    ) -> None:
        self._say = say
        self._forgotten = 0
        self._refusal: Exception | None = None
        self._stream = stream
        query = {"apiKey": api_key} | ({"stream": "all"} if stream else {})
        self._url = f"{websocket_url}?{urlencode(query)}"
        self._sequencer = Sequencer()
        self._events: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self._watched: set[str] = set()
        self._ended: set[str] = set()
        self._left: set[str] = set()
        self._asked: dict[str, int] = {}
        self._waiting: dict[str, tuple[Document, asyncio.Future[Document]]] = {}
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._missing: set[str] = set()
        self._asking = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Feed:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Open the connection. Raises ``DexecError``."""
        self._socket = await open_first(self._url, self._say)
        self._tasks = {asyncio.create_task(self._run()), asyncio.create_task(self._keep_awake())}

    async def aclose(self) -> None:
        """Close the connection, for good; what waits for an event or an answer raises ``RuntimeError``."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._refused(RuntimeError("the client is closed"))
        if self._socket is not None:
            await self._socket.close()

    async def execute(self, order: Mapping[str, Json], idempotency_key: str | None = None) -> Document:
        """Place an order and watch it; return the ``ack``, whose ``orderId`` is its id.

        Raises ``DexecError``. Sent again after a drop, and while its answer is lost (none in time, 502, 503,
        504): the idempotency key keeps it one order.
        """
        key = key_or_new(idempotency_key)
        request: Document = {"action": "execute", "order": dict(order), "idempotencyKey": key}
        ack = await until_answered(lambda: self._request(request), self._say)
        self._watched |= {str(ack["orderId"])} - self._ended
        return ack

    async def subscribe(self, order_id: str, after_seq: int = 0) -> None:
        """Watch an order from ``after_seq`` on. Raises ``DexecError`` when it is not the client's."""
        self._sequencer.skip(order_id, after_seq)
        self._watched.add(order_id)
        await until_answered(lambda: self._request(self._subscription(order_id)), self._say)

    async def replay(self, order_id: str, after_seq: int = 0) -> None:
        """Watch an order, with its events after ``after_seq`` once more, whatever was given out before.

        Raises ``DexecError``.
        """
        self._left.discard(order_id)
        self._ended.discard(order_id)
        self._asked.pop(order_id, None)
        self._sequencer.rewind(order_id, after_seq)
        self._watched.add(order_id)
        request: Document = {"action": "subscribe", "orderId": order_id, "afterSeq": after_seq}
        await until_answered(lambda: self._request(request), self._say)

    async def unsubscribe(self, order_id: str) -> None:
        """Stop watching an order: no more of its events are given out."""
        is_open = order_id in self._watched
        self._left.add(order_id)
        self._watched.discard(order_id)
        self._sequencer.forget(order_id)
        if is_open:
            with contextlib.suppress(websockets.ConnectionClosed):
                await self._send({"action": "unsubscribe", "orderId": order_id})

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield events without end. Raises what ``next`` does."""
        while True:
            yield await self.next()

    async def next(self) -> Event:
        """Return the next event; cancelled, it loses none.

        Raises ``DexecError`` once the deployment refuses the connection, ``RuntimeError`` once it is closed.
        """
        if self._refusal is not None and self._events.empty():
            raise self._refusal
        item = await self._events.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def until_terminal(self, order_ids: Iterable[str]) -> AsyncGenerator[Event, None]:
        """Yield the events of these orders until each has reached its last."""
        remaining = set(order_ids)
        async with contextlib.aclosing(self.events()) as events:
            async for event in events:
                if event.order_id in remaining:
                    yield event
                    remaining -= {event.order_id} if event.terminal else set()
                if not remaining:
                    return

    async def drop(self) -> None:
        """Break the socket under the feed, as a network would; the feed opens another."""
        if self._socket is not None:
            # A closing handshake would wait for a line that takes nothing any more.
            self._socket.transport.abort()

    # --- the connection ------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._receive()
        except (KeyError, TypeError, ValueError) as exc:
            self._refused(UnexpectedAnswer(f"a frame came that this client cannot read: {exc!r}"))

    async def _receive(self) -> None:
        while True:
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in cast(ClientConnection, self._socket):
                    await self._received(parsed(message))
            try:
                if self._forgotten:
                    # Had it forgotten the last ones as well, it would be asked without end.
                    await asyncio.sleep(pause_s(self._forgotten))
                self._socket = await reopen(self._url, self._say)
                await self._resume()
            except DexecError as exc:
                self._refused(exc)
                return
            except websockets.ConnectionClosed:
                continue

    async def _resume(self) -> None:
        """Ask for what was missed, and again what was not answered."""
        self._asked.clear()
        for order_id in sorted(self._watched):
            self._ask(order_id)
        for request, _ in list(self._waiting.values()):
            await self._send(request)

    def _refused(self, error: Exception) -> None:
        self._refusal = self._refusal or error
        self._events.put_nowait(error)
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def _keep_awake(self) -> None:
        while True:
            await asyncio.sleep(_PING_S)
            try:
                await self._request({"action": "ping"}, _PONG_S)
            except DexecError as exc:
                # A 5xx came over this connection, so it works; a key that is refused will not open another.
                if exc.status == HTTPStatus.UNAUTHORIZED:
                    await self.drop()

    # --- frames --------------------------------------------------------------------------------------

    async def _received(self, frame: Document) -> None:
        if frame.get("code") == _FORGOTTEN:
            # What waits for its answer is sent again over the next connection.
            self._forgotten += 1
            self._say("the deployment does not know this connection any more; reconnecting")
            await self.drop()
            return
        self._forgotten = 0
        if frame.get("type") == "status":
            await self._status(from_frame(frame))
            return
        _, answer = self._waiting.get(str(frame.get("id")), (None, None))
        if answer is None or answer.done():
            return
        if frame.get("type") == "error":
            answer.set_exception(refusal_of(frame))
        else:
            answer.set_result(frame)

    async def _status(self, events: list[Event]) -> None:
        order_id = events[-1].order_id
        if order_id in self._left:
            return
        if self._stream and order_id not in self._ended:
            # A stream goes on with what comes; of these orders nothing is to be missed.
            self._watched.add(order_id)
        for event in self._sequencer.take(events):
            self._events.put_nowait(event)
            if event.terminal:
                self._watched.discard(order_id)
                self._ended.add(order_id)
        last = self._sequencer.last(order_id)
        if events[-1].seq > last and order_id not in self._missing and self._asked.get(order_id) != last:
            self._asked[order_id] = last  # once for each place where the order's events stop
            self._ask(order_id)

    def _ask(self, order_id: str) -> None:
        """Ask for an order's missing events, unless that is under way."""
        if order_id not in self._missing:
            self._missing.add(order_id)
            task = asyncio.create_task(self._until_given(order_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _until_given(self, order_id: str) -> None:
        """Ask for an order's missing events, again while the deployment is busy, or away."""
        for failures in count(1):
            async with self._asking:
                try:
                    if order_id not in self._left and order_id not in self._ended:
                        await self._request(self._subscription(order_id))
                    break
                except DexecError as exc:
                    if self._refusal is not None or exc.status not in _BUSY:
                        break
                    wait_s = pause_s(failures, exc.retry_after)
            await asyncio.sleep(wait_s)
        self._missing.discard(order_id)

    async def _request(self, request: Document, timeout_s: float = _ANSWER_S) -> Document:
        if self._refusal is not None:
            raise self._refusal
        request_id, socket = uuid.uuid4().hex, self._socket
        numbered: Document = {**request, "id": request_id}
        answer: asyncio.Future[Document] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (numbered, answer)
        try:
            async with asyncio.timeout(timeout_s):
                # When the socket is closed just now, _resume sends it; a dead line may take nothing.
                with contextlib.suppress(websockets.ConnectionClosed):
                    await self._send(numbered)
                return await answer
        except TimeoutError as exc:
            if self._socket is socket:
                # Dead in one direction at least: reconnect.
                await self.drop()
            raise ConnectionLost(f"no answer to {request['action']} within {timeout_s:.0f} s") from exc
        finally:
            del self._waiting[request_id]

    async def _send(self, frame: Document) -> None:
        await cast(ClientConnection, self._socket).send(json.dumps(frame))

    def _subscription(self, order_id: str) -> Document:
        return {"action": "subscribe", "orderId": order_id, "afterSeq": self._sequencer.last(order_id)}
