"""What the emulator answers for the stack's APIs before there is a stack."""

from __future__ import annotations

import asyncio
import json

import pytest

from infra.local.deploying import Deploying
from infra.local.guard import Message, Receive, Scope, Send

ORDERS, LIVE = "/_aws/execute-api/de0ec001/api/orders", "/_aws/execute-api/de0ec002/live"
PASSED: list[Message] = [{"type": "passed"}]


async def app(_: Scope, __: Receive, send: Send) -> None:
    await send(PASSED[0])


def asked(deploying: Deploying, path: str, kind: str = "http") -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": f"{kind}.connect"}

    extensions: dict[str, object] = {"websocket.http.response": {}}
    scope = {"type": kind, "path": path, "headers": [(b"host", b"localhost:1")], "extensions": extensions}
    asyncio.run(deploying(scope, receive, send))
    return sent


@pytest.mark.parametrize(("path", "kind"), [(ORDERS, "http"), (LIVE, "websocket")])
def test_the_stacks_apis_are_unavailable_until_it_is_there(path: str, kind: str) -> None:
    answers = [False, False, True]
    deploying = Deploying(app, lambda: answers.pop(0))
    for _ in range(2):
        start, body = asked(deploying, path, kind)
        assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"3")
        problem = json.loads(body["body"])
        assert problem["type"] == "http://localhost:1/_aws/execute-api/de0ec001/errors/unavailable"
        assert (problem["code"], problem["retryAfter"]) == ("unavailable", 3)
    assert [asked(deploying, path, kind) for _ in range(2)] == [PASSED] * 2, "it is asked no more"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "http"),
        ("/_ministack/health", "http"),
        ("/_aws/execute-api/0a1b2c3d/live", "websocket"),
        ("", "lifespan"),
    ],
)
def test_all_else_is_passed_on(path: str, kind: str) -> None:
    assert asked(Deploying(app, lambda: False), path, kind) == PASSED
