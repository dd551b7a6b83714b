"""What the emulator answers for the deployed APIs where it does not ask them: 503, and when to come back."""

from __future__ import annotations

import json
from typing import NamedTuple

from dexec.domain.error_code import ErrorCode
from infra.json_types import Node
from infra.local.guard import Receive, Scope, Send
from infra.local.ids import HTTP_API_ID


class Refusal(NamedTuple):
    """Why a request, or the opening of a socket, was not passed on, and after which time to repeat it."""

    code: ErrorCode
    detail: str
    retry_after_s: int

    def problem(self, base_url: str) -> Node:
        """Return it as the API says it; ``base_url`` is that of the HTTP API, which explains the code."""
        return {
            "type": f"{base_url}/errors/{self.code}",
            "code": self.code,
            "title": self.code.capitalize(),
            "status": 503,
            "detail": f"{self.detail}: repeat it in {self.retry_after_s} s",
            "retryAfter": self.retry_after_s,
        }

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with it."""
        prefix = "http.response"
        if scope["type"] == "websocket":
            await receive()
            prefix = "websocket.http.response"
            if prefix not in (scope.get("extensions") or {}):
                await send({"type": "websocket.close", "code": 1013, "reason": ""})
                return
        body = json.dumps(self.problem(_base_url(scope))).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(self.retry_after_s).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": f"{prefix}.start", "status": 503, "headers": headers})
        await send({"type": f"{prefix}.body", "body": body})


def _base_url(scope: Scope) -> str:
    """Return the address of this deployment's HTTP API."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    return f"http://{host}/_aws/execute-api/{HTTP_API_ID}"
