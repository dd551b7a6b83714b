"""Serves the deployed WebSocket APIs; an idle connection costs one task, no thread and no timer.

MiniStack wakes every connection twice a second to look for frames, and runs the events of all that leave at
once in a thread each.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from ministack.core import responses  # type: ignore[import-untyped]

from infra.local.guard import Message, Receive, Scope, Send

NO_CODE = 1005
"""The close code of a client that gave none (RFC 6455, 7.1.5)."""

Event = dict[str, Any]


class Outbox:
    """Frames to one client, sent in the order in which they were put; nothing waits where there are none."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[str] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def put(self, text: str | None) -> None:
        """Have a frame sent. The emulator puts None where a connection is to be closed."""
        if text is None:
            return
        self._waiting.append(text)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())

    async def sent(self) -> None:
        """Wait until all that was put is with the client's socket, or the client is gone."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send({"type": "websocket.send", "text": self._waiting.popleft()})
        except Exception:
            # Each server has its own exception for a client that is gone; receiving tells why.
            self._waiting.clear()
        finally:
            self._sending = None


class Closing:
    """Ends the waiting for a client's next frame, from the outside: the emulator calls it an event."""

    def __init__(self) -> None:
        self._receiving: asyncio.Task[Any] | None = None
        self._is_set = False

    def set(self) -> None:
        """Have the connection closed; without effect when it is closing already."""
        if not self._is_set:
            self._is_set = True
            if self._receiving is not None:
                self._receiving.cancel()

    async def next(self, receive: Receive) -> Message | None:
        """Return what the client sent next; None once the connection is to be closed."""
        if self._is_set:
            return None
        task = self._receiving = asyncio.current_task()
        try:
            return await receive()
        except asyncio.CancelledError:
            if not self._is_set or task is None:
                raise
            task.uncancel()
            return None
        finally:
            self._receiving = None


class Api(NamedTuple):
    """A deployed WebSocket API, its stage, and whose it is."""

    id: str
    stage: str
    account_id: str
    region: str


class Client(NamedTuple):
    """What a client said when it came."""

    address: str
    headers: dict[str, str]
    query: dict[str, list[str]]

    @classmethod
    def of(cls, scope: Scope) -> Client:
        """Read what a handshake says."""
        headers = {name.decode("latin-1").lower(): _text(value) for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        return cls((scope.get("client") or ("127.0.0.1", 0))[0], headers, query)


class Sockets:
    """Serves the connections of ``gateway``, the emulator's module of API Gateway.

    Of open connections at most ``width`` events are run at once, in the order they came: those that wait cost
    no thread. Opening connections wait in a lane of their own.
    """

    def __init__(self, gateway: Any, width: int) -> None:
        self.gateway = gateway
        self.turns = asyncio.Semaphore(width)
        self._other = gateway.handle_websocket

    async def handle(
        self, scope: Scope, receive: Receive, send: Send, api_id: str, path_override: str | None = None
    ) -> None:
        """Serve a connection from its handshake on, as ``apigateway.handle_websocket`` does."""
        kind, account_id, region = self.gateway._api_owner(api_id) or ("", "", "")
        # The task is the connection's own, and so are its variables.
        if kind == "WEBSOCKET":
            responses._request_account_id.set(account_id)
            responses._request_region.set(region)
        if kind != "WEBSOCKET" or self._has_authorizer(api_id):
            await self._other(scope, receive, send, api_id, path_override=path_override)
            return
        if (await receive())["type"] != "websocket.connect":
            return
        first = (path_override or scope["path"]).lstrip("/").partition("/")[0] or "$default"
        stages = self.gateway._stages.get_scoped(account_id, region, api_id, {})
        stage = "$default" if first not in stages and "$default" in stages else first
        connection = Connection(self, Api(api_id, stage, account_id, region), Client.of(scope), send)
        if await connection.may_open():
            await connection.serve(receive)

    def _has_authorizer(self, api_id: str) -> bool:
        route = self.gateway._match_ws_route(api_id, "$connect") or {}
        return (route.get("authorizationType") or "NONE").upper() != "NONE"


class Connection:
    """One client's connection."""

    def __init__(self, sockets: Sockets, api: Api, client: Client, send: Send) -> None:
        self._gateway = sockets.gateway
        self._turns = sockets.turns
        self._api = api
        self._client = client
        self._send = send
        self._id = uuid.uuid4().hex[:16]
        self._closing = Closing()
        self._outbox = Outbox(send)

    async def may_open(self) -> bool:
        """Ask the API whether the connection may open, and refuse it if not."""
        answer = await self._run("$connect", "CONNECT", query_params=self._client.query)
        status = int((answer or {}).get("statusCode", HTTPStatus.OK))
        if status // 100 == 2:
            return True
        # As API Gateway, whose clients see the status of the integration; MiniStack says 403 of them all.
        kind, headers = "websocket.http.response", [(b"content-length", b"0")]
        await self._send({"type": f"{kind}.start", "status": status, "headers": headers})
        await self._send({"type": f"{kind}.body", "body": b""})
        return False

    async def serve(self, receive: Receive) -> None:
        """Open the connection, and run what the client sends, one frame after another, until it ends."""
        await self._send({"type": "websocket.accept"})
        record = self._record()
        self._gateway._ws_connections[self._id] = record
        left: Message = {}
        try:
            while (message := await self._closing.next(receive)) is not None:
                if message["type"] == "websocket.disconnect":
                    left = message
                    break
                record["lastActiveAt"] = int(time.time())
                await self._take(message)
        finally:
            await self._end(left)

    def _record(self) -> Event:
        """Return what the emulator keeps of a connection that is open."""
        now = int(time.time())
        agent = self._client.headers.get("user-agent", "")
        return {
            "apiId": self._api.id,
            "accountId": self._api.account_id,
            "stage": self._api.stage,
            "connectedAt": now,
            "lastActiveAt": now,
            "sourceIp": self._client.address,
            "identity": {"sourceIp": self._client.address, "userAgent": agent},
            "outbox": self._outbox,
            "close_event": self._closing,
        }

    async def _take(self, message: Message) -> None:
        text = message.get("text")
        if text is None:
            text = (message.get("bytes") or b"").decode(errors="replace")
        api = self._gateway._apis.get(self._api.id) or {}
        selection = api.get("routeSelectionExpression", "$request.body.action")
        route_key = self._gateway._evaluate_route_selection(selection or "", text)
        async with self._turns:
            answer = await self._run(route_key, "MESSAGE", text)
        if body := (answer or {}).get("body"):
            await self._outbox.put(str(body))

    async def _end(self, left: Message) -> None:
        """Close the connection, with all that was put for the client sent, and notify the API."""
        self._closing.set()
        self._gateway._ws_connections.pop(self._id, None)
        await self._outbox.sent()
        with contextlib.suppress(Exception):
            await self._send({"type": "websocket.close", "code": 1000})
        said: Event = {
            "disconnect_code": left.get("code") or NO_CODE,
            "disconnect_reason": left.get("reason") or "",
        }
        async with self._turns:
            await self._run("$disconnect", "DISCONNECT", **said)

    async def _run(self, route_key: str, kind: str, body: str = "", **about: object) -> Event | None:
        """Run an event of this connection; None where the API has no route for it."""
        api_id, stage, account_id, region = self._api
        route = self._gateway._match_ws_route(api_id, route_key)
        if route is None:
            return None
        invoke = self._gateway._invoke_ws_lambda
        owner = (api_id, account_id, region, route, stage)
        said = (body, self._client.address, self._client.headers)
        answer: Event | None = await invoke(*owner, self._id, kind, str(uuid.uuid4()), *said, **about)
        return answer


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
