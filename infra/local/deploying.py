"""Answers for the deployed APIs while there is no stack yet: at the start, and again after a crash.

The emulator keeps nothing. Restarted, it would say of these APIs that there are none, which clients take for
a wrong address: they would give up, where they have to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dexec.domain.error_code import ErrorCode
from infra.local.guard import App, Receive, Scope, Send
from infra.local.ids import API_PATH, HTTP_API_ID, WEBSOCKET_API_ID
from infra.local.refusals import Refusal

_API = re.compile(f"{API_PATH}/")
_DEPLOYING = Refusal(ErrorCode.UNAVAILABLE, "the deployment is starting; this request had no effect", 3)


class Deploying:
    """The ASGI application ``app``, asked for the stack's APIs once ``is_deployed`` has said so."""

    def __init__(self, app: App, is_deployed: Callable[[], bool]) -> None:
        self._app = app
        self._is_deployed = is_deployed
        self._is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass; other APIs, and the emulator's own addresses, always may."""
        if not self._is_over and _is_of_stack(scope):
            self._is_over = self._is_deployed()
            if not self._is_over:
                await _DEPLOYING.send(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_of_stack(scope: Scope) -> bool:
    api = _API.match(scope["path"]) if scope["type"] in {"http", "websocket"} else None
    return api is not None and api[1] in (HTTP_API_ID, WEBSOCKET_API_ID)
