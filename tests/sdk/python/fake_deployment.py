"""A deployment that answers as it is told to: HTTP and WebSocket, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from dexec_client.raw.json_types import Document, Json

STATUSES = ("pending", "routing", "routing", "building", "submitted", "confirmed")
HELD = "999999.999999999"
AT = "2026-11-20T11:24:09.506Z"
LEG: Document = {
    "venue": "raydium", "pool": "p", "hop": 0, "tokenIn": "SOL", "tokenOut": "USDC", "shareBps": 10_000,
    "amountIn": "1.5", "amountOut": "230.1", "price": "153.4", "priceImpactBps": "0.25", "slot": 7,
    "fee": {"token": "SOL", "base": "0.000000001", "variable": "0"},
}  # fmt: skip
FILL: Document = {"amountIn": "1.5", "amountOut": "230.1", "price": "153.4", "legs": [LEG], "slot": 7}
ERROR: Document = {"code": "slippage_exceeded", "message": "the price moved", "shortfallBps": 3}


def event(seq: int, last: str = "confirmed") -> Document:
    status = last if seq == len(STATUSES) else STATUSES[seq - 1]
    details: dict[str, Document] = {"confirmed": {"fill": FILL}, "failed": {"error": ERROR}}
    return {"seq": seq, "status": status, "attempt": 1, "at": AT, **details.get(status, {})}


@dataclass
class FakeOrder:
    """An order, as far as its events go."""

    id: str
    body: Document
    reached: int = 1
    last: str = "confirmed"

    @property
    def events(self) -> list[Document]:
        return [event(seq, self.last) for seq in range(1, self.reached + 1)]

    def document(self) -> Document:
        status = str(self.events[-1]["status"])
        return {
            "orderId": self.id, "clientOrderId": self.body.get("clientOrderId"), "status": status,
            "seq": self.reached, "attempt": 1, "mode": "exactIn", "tokenIn": "SOL", "tokenOut": "USDC",
            "amount": str(self.body["amount"]), "slippageBps": 50, "amountIn": None, "amountOut": None,
            "createdAt": AT, "updatedAt": AT, "startsAt": AT, "route": None, "signature": None,
            "fill": FILL if status == "confirmed" else None, "error": ERROR if status == "failed" else None,
            "brandNew": "of a later version",
        }  # fmt: skip


@dataclass
class Deployment:
    """Keeps what it was sent. ``refusals`` are given before it answers; each is a status and a body."""

    url: str = ""
    websocket_url: str = ""
    orders: dict[str, FakeOrder] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    frames: list[Document] = field(default_factory=list)
    refusals: list[tuple[int, Document]] = field(default_factory=list)
    refuses_sockets: int | None = None
    forgets_to_unsubscribe: bool = False
    connections: int = 0
    drops_after: list[int] = field(default_factory=list)
    """For each connection in turn, after how many events it is closed."""

    _sockets: dict[ServerConnection, set[str]] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None

    # --- what tests do with it -------------------------------------------------------------------------

    def advance(self, order_id: str, to: int = 6) -> None:
        """Let an order reach an event, and tell those who watch it."""

        async def go() -> None:
            order = self.orders[order_id]
            for seq in range(order.reached + 1, to + 1):
                order.reached = seq
                for socket, watched in list(self._sockets.items()):
                    if watched & {order_id, "*"}:
                        await self._send(socket, self._status(order, seq))

        self._run(go())

    def drop_all(self) -> None:
        """Close every WebSocket, as a network would."""

        async def go() -> None:
            for socket in list(self._sockets):
                await socket.close()

        self._run(go())

    @property
    def open_sockets(self) -> int:
        return len(self._sockets)

    def add(self, amount: str = "1", reached: int = 1, last: str = "confirmed") -> str:
        """Store an order that was placed by someone else."""
        order_id = f"ord_{len(self.orders):032x}"
        self.orders[order_id] = FakeOrder(order_id, {"amount": amount}, reached, last)
        return order_id

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # --- HTTP ------------------------------------------------------------------------------------------

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split(" ", 2)
                headers = {
                    name.lower(): value
                    for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, answer = self._answered(method, target, headers, body)
                text = json.dumps(answer).encode()
                retry = f"retry-after: {answer['retryAfter']}\r\n" if "retryAfter" in answer else ""
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{retry}"
                    f"content-length: {len(text)}\r\n\r\n".encode()
                    + text
                )
        writer.close()

    def _answered(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Document]:
        self.requests.append(f"{method} {target}")
        if method == "POST":
            self.keys.append(headers["idempotency-key"])
        if self.refusals:
            return self.refusals.pop(0)
        path = urlsplit(target).path
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        if method == "POST":
            return 202, self._place(headers["idempotency-key"], json.loads(body))
        if path == "/api/config":
            return 200, {
                "version": "1", "websocketUrl": self.websocket_url, "ordersPerMinute": 100, "orderBurst": 10,
                "defaultSlippageBps": 50, "cluster": "paper", "paperSpread": "default",
            }  # fmt: skip
        if path == "/api/orders":
            return 200, self._page(int(query["limit"]), int(query.get("cursor", "0")))
        if path == "/api/balances":
            held: Document = {"amount": HELD, "committed": "0", "available": HELD}
            return 200, {"balances": [{"symbol": "SOL", "mint": "m", **held}]}
        return self._read(path.rpartition("/")[2])

    def _read(self, order_id: str) -> tuple[int, Document]:
        if order_id in self.orders:
            order = self.orders[order_id]
            return 200, {**order.document(), "events": cast("list[Json]", order.events)}
        problem: Document = {"type": "/problems/not-found", "title": "x", "detail": "no such order"}
        return 404, {**problem, "status": 404}

    def _place(self, key: str, body: Document) -> Document:
        order_id = f"ord_{key}"
        order = self.orders.setdefault(order_id, FakeOrder(order_id, body))
        placed: Document = {"orderId": order.id, "status": "pending", "startsAt": AT}
        return {**placed, "websocketUrl": self.websocket_url}

    def _page(self, limit: int, start: int) -> Document:
        found = [order.document() for order in self.orders.values()]
        end = start + limit
        cursor = str(end) if end < len(found) else None
        return {"orders": cast("list[Json]", found[start:end]), "nextCursor": cursor}

    # --- WebSocket -------------------------------------------------------------------------------------

    def refuse(self, connection: ServerConnection, _: Request) -> Response | None:
        if self.refuses_sockets is None:
            return None
        return connection.respond(HTTPStatus(self.refuses_sockets), "no\n")

    async def live(self, socket: ServerConnection) -> None:
        self.connections += 1
        assert socket.request is not None
        watched = self._sockets[socket] = {"*"} if "stream=all" in socket.request.path else set()
        left = self.drops_after.pop(0) if self.drops_after else None
        try:
            async for message in socket:
                frame = json.loads(message)
                self.frames.append(frame)
                order_id = str(frame.get("orderId"))
                if frame["action"] == "subscribe":
                    watched.add(order_id)
                    await self._send(socket, {"type": "ack", "id": frame.get("id"), "orderId": order_id})
                    for seq in range(int(frame["afterSeq"]) + 1, self.orders[order_id].reached + 1):
                        if left == 0:
                            await socket.close()
                            return
                        left = None if left is None else left - 1
                        await self._send(socket, self._status(self.orders[order_id], seq))
                elif frame["action"] == "unsubscribe" and not self.forgets_to_unsubscribe:
                    watched.discard(order_id)
        finally:
            del self._sockets[socket]

    def _status(self, order: FakeOrder, seq: int) -> Document:
        return {"type": "status", "orderId": order.id, **event(seq, order.last)}

    async def _send(self, socket: ServerConnection, frame: Document) -> None:
        await socket.send(json.dumps(frame))


@contextlib.contextmanager
def running() -> Iterator[Deployment]:
    """Run a deployment on a free port while the body runs."""
    deployment, started, stop = Deployment(), threading.Event(), threading.Event()

    async def main() -> None:
        deployment._loop = asyncio.get_running_loop()
        async with (
            await asyncio.start_server(deployment.http, "127.0.0.1", 0) as http,
            serve(deployment.live, "127.0.0.1", 0, process_request=deployment.refuse) as live,
        ):
            deployment.url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
            deployment.websocket_url = f"ws://127.0.0.1:{live.sockets[0].getsockname()[1]}/live"
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(10)
    try:
        yield deployment
    finally:
        stop.set()
        thread.join()
