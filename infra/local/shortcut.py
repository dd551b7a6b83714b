"""Leads the requests of orders to the emulator's handlers without its search for who is to serve them.

MiniStack asks some thirty handlers in turn whether a request is theirs, which costs more than to push a frame
or to queue a message. The answers are its own, but for headers that no function reads.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from infra.local.guard import App, Receive, Scope, Send
from infra.local.ids import API_PATH

_API = re.compile(rf"{API_PATH}/(?:[^/]+/@connections/([^/]+)\Z)?")

Answer = tuple[int, dict[str, Any], bytes]
Serve = Callable[[bytes], Awaitable[Answer]]


class Shortcut:
    """The ASGI application ``app``: MiniStack's, whose module is ``server``.

    Requests of deployed APIs, frames to their connections and messages to queues take it. Nothing checks
    signatures on it.
    """

    def __init__(self, app: App, server: Any) -> None:
        self._app = app
        self._server = server
        self._gateway = server._get_module("apigateway")
        self._queues = server._get_module("sqs")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what may take it, and pass on all else."""
        serve = self._handler(scope) if scope["type"] == "http" else None
        if serve is None:
            await self._app(scope, receive, send)
        elif (body := await _body(receive)) is not None:
            await self._server._send_response(send, *await serve(body))

    def _handler(self, scope: Scope) -> Serve | None:
        method, path = scope["method"], scope["path"]
        if asked := _API.match(path):
            api_id, connection_id = asked.groups()
            if connection_id is None:
                return partial(self._ask, scope, self._headers(scope))
            return partial(self._manage, method, api_id, connection_id)
        if (method, path) == ("POST", "/"):
            headers = self._headers(scope)
            if headers.get("x-amz-target") == "AmazonSQS.SendMessage":
                return partial(self._send_message, headers)
        return None

    def _headers(self, scope: Scope) -> dict[str, str]:
        """Return the headers by name; one that comes twice is joined, as the emulator does it."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), self._server.decode_header_value(raw_value)
            if name in headers:
                value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
            headers[name] = value
        return headers

    async def _ask(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        """Serve a request of a deployed API."""
        query = scope.get("query_string", b"").decode()
        said = (headers.get("host", ""), scope["path"], scope["method"], headers, body)
        answer: Answer = await self._server._handle_execute_api_request(
            *said,
            parse_qs(query, keep_blank_values=True),
            raw_path=scope["raw_path"].decode("ascii"),
            raw_query_string=query,
        )
        status, sent, content = self._server._with_data_plane_headers(
            answer, str(uuid4()), wildcard_cors=False
        )
        sent.setdefault("date", formatdate(usegmt=True))
        return status, sent, content

    async def _manage(self, method: str, api_id: str, connection_id: str, body: bytes) -> Answer:
        """Push a frame to a connection, or close it."""
        answer: Answer = await self._gateway.handle_connections_api(
            method, api_id, "", connection_id, body, {}
        )
        return answer

    async def _send_message(self, headers: dict[str, str], body: bytes) -> Answer:
        """Put a message on a queue."""
        self._server.set_request_account_id(self._server.extract_access_key_id(headers))
        self._server.set_request_region(self._server.extract_region(headers))
        answer: Answer = await self._queues.handle_request("POST", "/", headers, body, {})
        return answer


async def _body(receive: Receive) -> bytes | None:
    """Return a request's body, None where the client left before its end."""
    parts = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
    return None
