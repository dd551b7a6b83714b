"""What takes the shortcut past the emulator's search for a handler is answered as the emulator answers it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ministack import app as server  # type: ignore[import-untyped]
from ministack.services import apigateway  # type: ignore[import-untyped]

from infra.local.guard import App, Receive, Scope, Send
from infra.local.shortcut import Shortcut

API = "de0ec002"
QUEUE = "http://localhost:4566/000000000000/orders"
CONNECTIONS = f"/_aws/execute-api/{API}/live/@connections"


class Outbox:
    """Takes what is pushed to a connection."""

    def __init__(self) -> None:
        self.frames: list[str | None] = []

    async def put(self, text: str | None) -> None:
        self.frames.append(text)


async def no_other(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError(f"the emulator is asked: {scope['method']} {scope['path']}")


SHORT = Shortcut(no_other, server)


@pytest.fixture(autouse=True)
def _queue() -> Iterator[None]:
    sqs("CreateQueue", server.app, QueueName="orders")
    yield
    sqs("DeleteQueue", server.app, QueueUrl=QUEUE)


def ask(app: App, method: str, target: str, **request: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4566") as client:
            return await client.request(method, target, **request)

    return asyncio.run(asked())


def sqs(action: str, app: App, **fields: object) -> httpx.Response:
    headers = {"x-amz-target": f"AmazonSQS.{action}", "content-type": "application/x-amz-json-1.0"}
    return ask(app, "POST", "/", headers=headers, content=json.dumps(fields).encode())


def short_and_long(method: str, target: str, **request: Any) -> tuple[httpx.Response, httpx.Response]:
    short, long = ask(SHORT, method, target, **request), ask(server.app, method, target, **request)
    assert short.status_code == long.status_code
    assert short.headers["content-type"] == long.headers["content-type"]
    return short, long


def test_a_message_is_queued_as_ever() -> None:
    fields = {
        "QueueUrl": QUEUE,
        "MessageBody": '{"orderId": "ord_1"}',
        "DelaySeconds": 0,
        "MessageGroupId": "a",
    }
    short, long = (sqs("SendMessage", app, **fields) for app in (SHORT, server.app))
    assert (short.status_code, long.status_code) == (200, 200)
    assert short.json()["MD5OfMessageBody"] == long.json()["MD5OfMessageBody"]
    received = sqs("ReceiveMessage", server.app, QueueUrl=QUEUE, MaxNumberOfMessages=10).json()["Messages"]
    assert [one["Body"] for one in received] == [fields["MessageBody"]] * 2


def test_a_message_that_is_refused_is_refused_as_ever() -> None:
    short, long = (sqs("SendMessage", app, QueueUrl=QUEUE) for app in (SHORT, server.app))
    assert short.status_code == long.status_code == 400
    assert short.json() == long.json()


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT"])
def test_a_connection_that_is_gone_is_gone(method: str) -> None:
    short, long = short_and_long(method, f"{CONNECTIONS}/gone", content=b"frame")
    assert short.content == long.content


def test_a_frame_is_pushed(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox()
    monkeypatch.setitem(apigateway._ws_connections, "one=", {"apiId": API, "outbox": outbox})
    short, _ = short_and_long("POST", f"{CONNECTIONS}/one%3D", content="¼ frame".encode())
    assert (short.status_code, short.content, outbox.frames) == (200, b"", ["¼ frame", "¼ frame"])


def test_a_connection_of_another_api_is_none_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(apigateway._ws_connections, "one", {"apiId": "de0ec009", "outbox": Outbox()})
    assert ask(SHORT, "POST", f"{CONNECTIONS}/one", content=b"frame").status_code == 410


@pytest.mark.parametrize("path", ["/", "/api/orders?limit=1", "/a//b%2Fc", "/x/@connections/"])
def test_an_api_that_is_not_deployed_is_not_found(path: str) -> None:
    short, long = short_and_long("GET", f"/_aws/execute-api/de0ec007{path}")
    assert short.content == long.content
    assert "date" in short.headers


@pytest.mark.parametrize(
    ("method", "target", "action"),
    [
        ("GET", "/_ministack/health", ""),
        ("POST", "/", "AmazonSQS.ReceiveMessage"),
        ("POST", "/", "AWSEvents.PutEvents"),
        ("POST", "/", ""),
        ("GET", "/_aws/execute-api/other/live/x", ""),
    ],
)
def test_all_else_is_the_emulators(method: str, target: str, action: str) -> None:
    with pytest.raises(AssertionError, match="the emulator is asked"):
        ask(SHORT, method, target, headers={"x-amz-target": action})


def test_a_client_that_leaves_before_it_has_said_all_is_not_served() -> None:
    sent: list[object] = []

    async def leave() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def keep(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"{CONNECTIONS}/gone", "headers": []}
    asyncio.run(SHORT(scope, leave, keep))
    assert sent == []
