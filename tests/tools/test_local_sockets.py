"""Connections to deployed WebSocket APIs: what an idle one costs, and the order of what happens on one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.guard import Message, Scope
from infra.local.sockets import Sockets
from tests.support.awaited import awaited

API = "de0ec002"
SCOPE: Scope = {
    "type": "websocket",
    "path": f"/{API}/live",
    "query_string": b"apiKey=k",
    "headers": [(b"User-Agent", b"test")],
    "client": ("127.0.0.9", 1),
}


class Gateway:
    """The emulator's API Gateway with one WebSocket API, whose events take what ``run`` takes."""

    def __init__(self, run: Callable[[str, str], Coroutine[Any, Any, Any]] | None = None) -> None:
        self._ws_connections: dict[str, Any] = {}
        self._stages = SimpleNamespace(get_scoped=lambda *_: {"live": {}})
        self._apis = {API: {"routeSelectionExpression": "$request.body.action"}}
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.running = self.most = 0
        self.others = 0
        self.authorization = "NONE"
        self._run = run

    async def handle_websocket(self, *_: object, **__: object) -> None:
        self.others += 1

    def _api_owner(self, api_id: str) -> tuple[str, str, str] | None:
        return ("WEBSOCKET", "000000000000", "us-east-1") if api_id == API else None

    def _match_ws_route(self, _: str, key: str) -> dict[str, str]:
        return {"routeKey": key, "authorizationType": self.authorization}

    def _evaluate_route_selection(self, *_: object) -> str:
        return "$default"

    async def _invoke_ws_lambda(self, *event: Any, **about: Any) -> dict[str, Any] | None:
        kind, body = event[6], event[8]
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            answer = await self._run(kind, body) if self._run else None
        finally:
            self.running -= 1
        self.events.append((kind, body, about))
        return answer or {"statusCode": 200}

    @property
    def record(self) -> dict[str, Any]:
        (found,) = self._ws_connections.values()
        return dict(found)

    async def delete(self) -> None:
        """Close the connection as DeleteConnection does."""
        _, found = self._ws_connections.popitem()
        found["close_event"].set()
        await found["outbox"].put(None)


class Server:
    """A client's side of a connection; sending takes a turn of the loop, or fails."""

    def __init__(self, sockets: Sockets, api_id: str = API) -> None:
        self.sent: list[Message] = []
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.heard.put_nowait({"type": "websocket.connect"})
        self.is_gone = False
        self.task = asyncio.create_task(
            sockets.handle(SCOPE, self.heard.get, self._send, api_id, path_override="/live")
        )

    async def _send(self, message: Message) -> None:
        await asyncio.sleep(0)
        if self.is_gone:
            raise ConnectionError
        self.sent.append(message)

    def says(self, text: str) -> None:
        self.heard.put_nowait({"type": "websocket.receive", "text": text})

    def leaves(self, code: int = 1001) -> None:
        self.is_gone = True
        self.heard.put_nowait({"type": "websocket.disconnect", "code": code, "reason": "done"})

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@awaited
async def test_an_idle_connection_costs_no_timer_and_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[object] = []
    loop = asyncio.get_running_loop()
    call_at = loop.call_at

    def counted(*timer: Any, **about: Any) -> asyncio.TimerHandle:
        timers.append(timer)
        return call_at(*timer, **about)

    monkeypatch.setattr(loop, "call_at", counted)
    gateway = Gateway()
    sockets = Sockets(gateway, 4)
    clients = [Server(sockets) for _ in range(50)]
    await settle()
    before = asyncio.all_tasks()
    await settle()
    assert len(gateway._ws_connections) == 50
    assert asyncio.all_tasks() == before
    assert len(before) == len(clients) + 1
    assert timers == []
    for client in clients:
        client.leaves()
    await asyncio.gather(*(client.task for client in clients))


@awaited
async def test_frames_arrive_in_the_order_in_which_they_were_put() -> None:
    gateway = Gateway()
    client = Server(Sockets(gateway, 4))
    await settle()
    for number in range(10):
        await gateway.record["outbox"].put(str(number))
        if number % 3 == 0:
            await asyncio.sleep(0)
    await settle()
    assert client.texts == [str(number) for number in range(10)]
    client.leaves()
    await client.task


@awaited
async def test_a_connection_that_is_deleted_is_sent_what_was_put_before() -> None:
    gateway = Gateway()
    client = Server(Sockets(gateway, 4))
    await settle()
    outbox = gateway.record["outbox"]
    for text in ("first", "last"):
        await outbox.put(text)
    await gateway.delete()
    await client.task
    kinds = [message["type"] for message in client.sent]
    assert kinds == ["websocket.accept", "websocket.send", "websocket.send", "websocket.close"]
    assert client.texts == ["first", "last"]
    assert [kind for kind, *_ in gateway.events] == ["CONNECT", "DISCONNECT"]
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


@awaited
async def test_a_connection_that_is_deleted_while_its_frame_is_run() -> None:
    may_end = asyncio.Event()

    async def slow(kind: str, _: str) -> dict[str, Any] | None:
        if kind == "MESSAGE":
            await may_end.wait()
        return None

    gateway = Gateway(slow)
    client = Server(Sockets(gateway, 4))
    client.says("frame")
    await settle()
    await gateway.delete()
    await settle()
    assert gateway.running == 1, "what runs is not interrupted"
    may_end.set()
    await client.task
    assert [kind for kind, *_ in gateway.events] == ["CONNECT", "MESSAGE", "DISCONNECT"]


@awaited
async def test_a_client_that_leaves_is_removed_at_once_and_its_code_passed_on() -> None:
    gateway = Gateway()
    client = Server(Sockets(gateway, 4))
    await settle()
    outbox = gateway.record["outbox"]
    client.leaves(4001)
    await outbox.put("to one who has left")
    await client.task
    assert gateway._ws_connections == {}
    assert gateway.events[-1] == (
        "DISCONNECT",
        "",
        {"disconnect_code": 4001, "disconnect_reason": "done"},
    )


@awaited
async def test_the_emulators_end_closes_connections() -> None:
    gateway = Gateway()
    client = Server(Sockets(gateway, 4))
    await settle()
    client.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.task
    assert gateway._ws_connections == {}


@awaited
async def test_a_connection_that_the_api_refuses_is_not_opened() -> None:
    async def refuse(*_: object) -> dict[str, Any]:
        return {"statusCode": 401}

    gateway = Gateway(refuse)
    client = Server(Sockets(gateway, 4))
    await client.task
    kinds = ["websocket.http.response.start", "websocket.http.response.body"]
    assert [message["type"] for message in client.sent] == kinds
    assert client.sent[0]["status"] == 401
    assert [kind for kind, *_ in gateway.events] == ["CONNECT"]


@awaited
async def test_frames_of_one_client_run_in_order_and_all_that_leave_within_the_bound() -> None:
    async def slow(kind: str, _: str) -> dict[str, Any] | None:
        await asyncio.sleep(0)
        return {"body": "answer"} if kind == "MESSAGE" else None

    gateway = Gateway(slow)
    sockets = Sockets(gateway, 2)
    clients = [Server(sockets) for _ in range(20)]
    await settle()
    for number in range(5):
        clients[0].says(str(number))
    while len(gateway.events) < len(clients) + 5:
        await settle()
    assert [body for kind, body, _ in gateway.events if kind == "MESSAGE"] == list("01234")
    assert clients[0].texts == ["answer"] * 5
    gateway.most = 0
    for client in clients:
        client.leaves()
    await asyncio.gather(*(client.task for client in clients))
    assert gateway.most == 2
    assert sum(kind == "DISCONNECT" for kind, *_ in gateway.events) == 20


@pytest.mark.parametrize(("api_id", "authorization"), [("0" * 8, "NONE"), (API, "AWS_IAM")])
@awaited
async def test_other_apis_are_the_emulators(api_id: str, authorization: str) -> None:
    gateway = Gateway()
    gateway.authorization = authorization
    client = Server(Sockets(gateway, 4), api_id)
    await client.task
    assert gateway.others == 1
    assert client.sent == []
