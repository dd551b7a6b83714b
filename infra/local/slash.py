"""Leads browsers from an HTTP API's address without its last slash to the one with it.

The emulator takes ``/_aws/execute-api/ID`` for a bucket's name. The console's files are named relative to
``/_aws/execute-api/ID/``, so serving it without the slash would not do.
"""

from __future__ import annotations

import re

from infra.local.guard import App, Receive, Scope, Send
from infra.local.ids import API_PATH

_BARE = re.compile(API_PATH)


class Slash:
    """The ASGI application ``app``; a bare API address is answered with 308 to its root."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, keeping the query, or pass on."""
        if scope["type"] != "http" or not _BARE.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        query = scope.get("query_string", b"")
        location = scope["path"].encode() + b"/" + (b"?" + query if query else b"")
        headers = [(b"location", location), (b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
