"""Orders watched over one WebSocket that is opened again whenever it closes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from types import TracebackType
from typing import Literal, cast
from urllib.parse import urlencode

import websockets
from websockets.asyncio.client import ClientConnection, connect

from infra.client.api import Document, Json, is_local
from infra.client.errors import ApiError
from infra.client.events import Event, Sequencer, from_frame

_PING_S = 300
"""API Gateway closes a connection that was idle for 10 minutes."""

_LONGEST_PAUSE_S = 5.0
_ANSWER_S = 15.0


class Feed:
    """Places and watches orders; gives each event once, in order of seq, over drops and reconnects.

    Use as an async context manager. ``stream`` hears all orders of the client from now on.
    """

    def __init__(self, websocket_url: str, api_key: str, *, stream: bool = False) -> None:
        query = {"apiKey": api_key} | ({"stream": "all"} if stream else {})
        self._url = f"{websocket_url}?{urlencode(query)}"
        self._sequencer = Sequencer()
        self._events: asyncio.Queue[Event | ApiError] = asyncio.Queue()
        self._watched: set[str] = set()
        self._ended: set[str] = set()
        self._asked: dict[str, int] = {}
        self._waiting: dict[str, tuple[Document, asyncio.Future[Document]]] = {}
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Feed:
        self._socket = await _open(self._url)
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._keep_awake())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def execute(self, order: Mapping[str, Json], idempotency_key: str | None = None) -> Document:
        """Place an order and watch it; return the ``ack``, whose ``orderId`` is its id.

        Raises ``ApiError``. Sent again after a drop: the idempotency key keeps it one order.
        """
        key = idempotency_key or str(uuid.uuid4())
        ack = await self._request({"action": "execute", "order": dict(order), "idempotencyKey": key})
        self._watched |= {str(ack["orderId"])} - self._ended
        return ack

    async def subscribe(self, order_id: str, after_seq: int = 0) -> None:
        """Watch an order from ``after_seq`` on. Raises ``ApiError`` when it is not the client's."""
        self._sequencer.skip(order_id, after_seq)
        self._watched.add(order_id)
        await self._request(self._subscription(order_id))

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield events without end. Raises ``ApiError`` when the deployment refuses the connection."""
        while True:
            item = await self._events.get()
            if isinstance(item, ApiError):
                raise item
            yield item

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
        """Close the socket under the feed, as a network would; the feed opens another."""
        if self._socket is not None:
            await self._socket.close()

    # --- the connection ------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in cast(ClientConnection, self._socket):
                    await self._received(json.loads(message))
            try:
                self._socket = await self._reopened()
                await self._resume()
            except ApiError as exc:
                self._refused(exc)
                return
            except websockets.ConnectionClosed:
                continue

    async def _reopened(self) -> ClientConnection:
        pause = 0.1
        while True:
            try:
                return await _open(self._url)
            except ApiError as exc:
                if exc.status:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _resume(self) -> None:
        """Ask for what was missed, and again what was not answered."""
        self._asked.clear()
        for order_id in sorted(self._watched):
            await self._send(self._subscription(order_id))
        for request, _ in list(self._waiting.values()):
            await self._send(request)

    def _refused(self, error: ApiError) -> None:
        self._events.put_nowait(error)
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def _keep_awake(self) -> None:
        while True:
            await asyncio.sleep(_PING_S)
            try:
                await self._request({"action": "ping"})
            except ApiError:
                await self.drop()

    # --- frames --------------------------------------------------------------------------------------

    async def _received(self, frame: Document) -> None:
        if frame.get("type") == "status":
            await self._status(from_frame(frame))
            return
        _, answer = self._waiting.get(str(frame.get("id")), (None, None))
        if answer is None or answer.done():
            return
        if frame.get("type") == "error":
            answer.set_exception(_error(frame))
        else:
            answer.set_result(frame)

    async def _status(self, events: list[Event]) -> None:
        for event in self._sequencer.take(events):
            self._events.put_nowait(event)
            if event.terminal:
                self._watched.discard(event.order_id)
                self._ended.add(event.order_id)
        order_id = events[-1].order_id
        if events[-1].seq > self._sequencer.last(order_id):
            await self._ask_again(order_id)

    async def _ask_again(self, order_id: str) -> None:
        """Ask for what is missing, once for each place where the order's events stop."""
        last = self._sequencer.last(order_id)
        if self._asked.get(order_id) != last:
            self._asked[order_id] = last
            await self._send(self._subscription(order_id))

    async def _request(self, request: Document) -> Document:
        request_id = uuid.uuid4().hex
        numbered: Document = {**request, "id": request_id}
        answer: asyncio.Future[Document] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (numbered, answer)
        try:
            # When the socket is closed just now, _resume sends it.
            with contextlib.suppress(websockets.ConnectionClosed):
                await self._send(numbered)
            async with asyncio.timeout(_ANSWER_S):
                return await answer
        except TimeoutError as exc:
            raise ApiError(f"no answer to {request['action']} within {_ANSWER_S:.0f} s") from exc
        finally:
            del self._waiting[request_id]

    async def _send(self, frame: Document) -> None:
        await cast(ClientConnection, self._socket).send(json.dumps(frame))

    def _subscription(self, order_id: str) -> Document:
        return {"action": "subscribe", "orderId": order_id, "afterSeq": self._sequencer.last(order_id)}


async def _open(url: str) -> ClientConnection:
    """Open a connection. Raises ``ApiError``, with a status where the deployment refused it."""
    try:
        # Its keep-alive is a ping frame of our own: API Gateway does not count protocol pings as use.
        # A bounded queue would stop reading when the feed does, and with it the closing handshake.
        proxy: Literal[True] | None = None if is_local(url) else True
        return await connect(
            url, ping_interval=None, max_size=2**20, max_queue=None, close_timeout=2, proxy=proxy
        )
    except websockets.InvalidStatus as exc:
        status = exc.response.status_code
        raise ApiError(f"the WebSocket was refused with {status}: is the API key right?", status) from exc
    except (OSError, websockets.WebSocketException, TimeoutError) as exc:
        raise ApiError(f"no WebSocket at {url.partition('?')[0]}: {exc}") from exc


def _error(frame: Document) -> ApiError:
    problem = frame.get("error", frame)
    fields = problem if isinstance(problem, dict) else frame
    text = fields.get("detail") or fields.get("message") or fields.get("title") or "refused"
    status = fields.get("status")
    return ApiError(str(text), status if isinstance(status, int) else 400, fields)
