"""The watching client against a server that misbehaves as networks and queues do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from dexec_client.errors import ApiError, UnexpectedAnswer
from dexec_client.raw import feed as feed_module
from dexec_client.raw import opening, retry
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document
from tests.support.awaited import awaited

STATUSES = ("pending", "routing", "routing", "building", "submitted", "confirmed")
ALL = [1, 2, 3, 4, 5, 6]
ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
Behaviour = Callable[["Server", ServerConnection, Document], Awaitable[None]]


def status(seq: int) -> Document:
    return {"type": "status", "orderId": "ord_1", "seq": seq, "status": STATUSES[seq - 1], "attempt": 1}


class Server:
    """Answers each frame with ``behaviour``; keeps what it was sent."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.requests: list[Document] = []
        self.url = ""
        self.connections = 0

    async def serve(self, socket: ServerConnection) -> None:
        self.connections += 1
        async for message in socket:
            request = json.loads(message)
            self.requests.append(request)
            await self._behaviour(self, socket, request)

    @property
    def subscriptions(self) -> list[int]:
        return [int(str(r["afterSeq"])) for r in self.requests if r["action"] == "subscribe"]


Waits = list[tuple[int, float | None]]
"""Failures in a row and the Retry-After of each pause."""

Refuse = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def serving(
    behaviour: Behaviour, refuse: Refuse | None = None, max_size: int = 2**20
) -> AsyncIterator[Server]:
    server = Server(behaviour)
    async with serve(server.serve, "127.0.0.1", 0, process_request=refuse, max_size=max_size) as listener:
        server.url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/live"
        yield server


async def send(socket: ServerConnection, *frames: Document) -> None:
    for frame in frames:
        await socket.send(json.dumps(frame))


async def seen(server: Server, say: Callable[[str], None] = print) -> list[int]:
    """Return the seqs that a client shows of an order."""
    async with Feed(server.url, "key", say=say) as feed:
        await feed.subscribe("ord_1")
        return [event.seq async for event in feed.until_terminal(["ord_1"])]


def ack(request: Document) -> Document:
    return {"type": "ack", "id": request.get("id"), "orderId": "ord_1"}


async def replay(socket: ServerConnection, request: Document) -> None:
    await send(socket, ack(request), *(status(n) for n in range(int(str(request["afterSeq"])) + 1, 7)))


@awaited
async def test_repeated_and_swapped_events_are_shown_once_in_order() -> None:
    async def shuffled(_: Server, socket: ServerConnection, request: Document) -> None:
        if request["action"] == "subscribe":
            await send(socket, status(1), ack(request), *(status(n) for n in (1, 3, 2, 2, 5, 4, 6, 6)))

    async with serving(shuffled) as server:
        assert await seen(server) == ALL


@awaited
async def test_a_gap_is_asked_for_once() -> None:
    async def lossy(server: Server, socket: ServerConnection, request: Document) -> None:
        if len(server.subscriptions) == 1:
            await send(socket, ack(request), *(status(n) for n in (1, 2, 5, 6)))
        else:
            await replay(socket, request)

    async with serving(lossy) as server:
        assert await seen(server) == ALL
        assert server.subscriptions == [0, 2]


@awaited
async def test_a_dropped_socket_is_opened_again_where_it_stopped() -> None:
    async def dropping(server: Server, socket: ServerConnection, request: Document) -> None:
        if server.connections == 1:
            await send(socket, ack(request), status(1), status(2), status(3))
            await socket.close()
        else:
            await replay(socket, request)

    async with serving(dropping) as server:
        assert await seen(server) == ALL
        assert server.subscriptions == [0, 3]


@awaited
async def test_an_order_whose_answer_was_lost_is_sent_again_under_the_same_key() -> None:
    async def forgetful(server: Server, socket: ServerConnection, request: Document) -> None:
        if server.connections == 1:
            await socket.close()
        else:
            await send(socket, status(1), ack(request))

    async with serving(forgetful) as server, Feed(server.url, "key") as feed:
        await feed.execute(ORDER)
    first, second = server.requests
    assert first["action"] == second["action"] == "execute"
    assert first["idempotencyKey"] == second["idempotencyKey"]


@awaited
async def test_a_refused_order_raises_what_the_server_said() -> None:
    async def refusing(_: Server, socket: ServerConnection, request: Document) -> None:
        await send(socket, {"type": "error", "id": request["id"], "status": 422, "detail": "unknown token"})

    async with serving(refusing) as server, Feed(server.url, "key") as feed:
        with pytest.raises(ApiError, match="unknown token") as raised:
            await feed.execute({**ORDER, "tokenIn": "XYZ"})
    assert raised.value.status == HTTPStatus.UNPROCESSABLE_ENTITY


@awaited
async def test_a_wrong_key_is_said_at_once() -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(HTTPStatus.FORBIDDEN, "no\n")

    async def never(*_: object) -> None:
        raise AssertionError("the connection was refused")

    async with serving(never, refuse) as server:
        with pytest.raises(ApiError, match="403"):
            async with Feed(server.url, "wrong"):
                raise AssertionError("the feed must not open")


@pytest.mark.parametrize("text", ["no JSON", '{"type":"status","orderId":"ord_1"}', "[]", '"pong"'])
@awaited
async def test_a_frame_that_cannot_be_read_ends_the_feed_instead_of_leaving_it_silent(text: str) -> None:
    async def mumbling(_: Server, socket: ServerConnection, request: Document) -> None:
        await send(socket, ack(request))
        await socket.send(text)

    async with serving(mumbling) as server:
        with pytest.raises(UnexpectedAnswer, match="a frame came"):
            await seen(server)


# --- what the deployment forgot, and what it could not answer ----------------------------------------


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Return the failures and the ``Retry-After`` of each pause; none is waited for."""
    waited: Waits = []

    def no_pause(failures: int, retry_after: float | None = None) -> float:
        waited.append((failures, retry_after))
        return 0.0

    for module in (feed_module, opening, retry):
        monkeypatch.setattr(module, "pause_s", no_pause)
    return waited


def forgotten(request: Document) -> Document:
    about: Document = {"id": request["id"]} if "id" in request else {}
    return {"type": "error", "code": "connection_unknown", "status": 410, "message": "reconnect", **about}


@awaited
async def test_a_connection_that_was_forgotten_is_replaced_at_the_next_ping(
    monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    monkeypatch.setattr(feed_module, "_PING_S", 0.05)
    said: list[str] = []

    async def forgetful(server: Server, socket: ServerConnection, request: Document) -> None:
        if request["action"] == "ping" and server.connections == 1:
            await send(socket, forgotten(request))
        elif request["action"] == "ping":
            await send(socket, {"type": "pong", "id": request["id"]})
        elif server.connections == 1:
            await send(socket, ack(request), status(1), status(2))
        else:
            await replay(socket, request)

    async with serving(forgetful) as server:
        assert await seen(server, said.append) == ALL
        assert server.subscriptions == [0, 2]
    assert any("does not know" in line for line in said)
    assert waits == [(1, None)], "a deployment that keeps forgetting is not asked without end"


@awaited
async def test_an_order_on_a_connection_that_was_forgotten_is_placed_over_the_next_one(waits: Waits) -> None:
    async def forgetful(server: Server, socket: ServerConnection, request: Document) -> None:
        await send(socket, ack(request) if server.connections == 3 else forgotten(request))

    async with serving(forgetful) as server, Feed(server.url, "key") as feed:
        placed = await feed.execute(ORDER)
    assert placed["orderId"] == "ord_1"
    assert len(server.requests) == 3
    assert len({str(request["idempotencyKey"]) for request in server.requests}) == 1
    assert [failures for failures, _ in waits] == [1, 2]


@awaited
async def test_a_connection_without_a_pong_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_PING_S", 0.05)
    monkeypatch.setattr(feed_module, "_PONG_S", 0.05)

    async def deaf(server: Server, socket: ServerConnection, request: Document) -> None:
        if request["action"] == "subscribe" and server.connections == 1:
            await send(socket, ack(request), status(1))
        elif request["action"] == "subscribe":
            await replay(socket, request)

    async with serving(deaf) as server:
        assert await seen(server) == ALL


def refusing(statuses: list[int]) -> Refuse:
    """Let the first connection in, refuse the next ones with these statuses, then let in again."""
    connections = 0

    def refuse(connection: ServerConnection, _: Request) -> Response | None:
        nonlocal connections
        connections += 1
        if connections == 1 or connections - 1 > len(statuses):
            return None
        response = connection.respond(HTTPStatus(statuses[connections - 2]), "no\n")
        response.headers["Retry-After"] = "3"
        return response

    return refuse


async def dropping_first(server: Server, socket: ServerConnection, request: Document) -> None:
    if server.connections == 1:
        await send(socket, ack(request), status(1))
        await socket.close()
    else:
        await replay(socket, request)


@awaited
async def test_a_refusal_that_may_pass_is_tried_again_after_what_it_says(waits: Waits) -> None:
    statuses = [500, 502, 503, 504, 429, 408, 410]

    async with serving(dropping_first, refusing(statuses)) as server:
        assert await seen(server) == ALL
    assert waits == [(n, 3.0) for n in range(1, len(statuses) + 1)]


@pytest.mark.parametrize("final", [401, 403, 404])
@awaited
async def test_a_refusal_that_will_not_pass_ends_the_feed(final: int, waits: Waits) -> None:
    async with (
        serving(dropping_first, refusing([503, final])) as server,
        Feed(server.url, "key") as feed,
    ):
        await feed.subscribe("ord_1")
        with pytest.raises(ApiError, match=str(final)):
            _ = [event async for event in feed.events()]
        with pytest.raises(ApiError, match=str(final)):
            await feed.subscribe("ord_2")
    assert len(waits) == 1


@awaited
async def test_a_busy_deployment_is_asked_again_at_the_start_as_well(waits: Waits) -> None:
    busy = iter([503, 429])

    def refuse(connection: ServerConnection, _: Request) -> Response | None:
        status = next(busy, None)
        return None if status is None else connection.respond(HTTPStatus(status), "busy\n")

    async def answering(_: Server, socket: ServerConnection, request: Document) -> None:
        await replay(socket, request)

    async with serving(answering, refuse) as server:
        assert await seen(server) == ALL
    assert [failures for failures, _ in waits] == [1, 2]


@awaited
async def test_an_answer_that_says_nothing_final_is_asked_for_under_the_same_key(waits: Waits) -> None:
    async def away(server: Server, socket: ServerConnection, request: Document) -> None:
        statuses = {1: 503, 2: 504}
        if (code := statuses.get(len(server.requests))) is not None:
            await send(socket, {"type": "error", "id": request["id"], "status": code, "message": "away"})
        else:
            await send(socket, ack(request))

    async with serving(away) as server, Feed(server.url, "key") as feed:
        await feed.execute(ORDER)
    assert len(server.requests) == 3
    assert len({str(request["idempotencyKey"]) for request in server.requests}) == 1
    assert len(waits) == 2


@pytest.mark.parametrize("code", [429, 500, 503])
@awaited
async def test_a_subscription_that_is_refused_after_a_drop_is_asked_for_again(
    code: int, waits: Waits
) -> None:
    async def busy(server: Server, socket: ServerConnection, request: Document) -> None:
        if server.connections == 1:
            await send(socket, ack(request), status(1))
            await socket.close()
        elif len(server.subscriptions) < 4:
            refused: Document = {"type": "error", "status": code, "message": "busy", "retryAfter": 2}
            await send(socket, refused | ({"id": request["id"]} if "id" in request else {}))
        else:
            await replay(socket, request)

    async with asyncio.timeout(5), serving(busy) as server:
        assert await seen(server) == ALL
    assert server.subscriptions == [0, 1, 1, 1]
    assert waits == [(1, 2.0), (2, 2.0)]


@awaited
async def test_a_gap_whose_events_are_refused_is_asked_for_again(waits: Waits) -> None:
    async def busy(server: Server, socket: ServerConnection, request: Document) -> None:
        if len(server.subscriptions) == 1:
            await send(socket, ack(request), status(1), status(3))
        elif len(server.subscriptions) == 2:
            refused: Document = {"type": "error", "status": 503, "message": "busy"}
            await send(socket, refused | ({"id": request["id"]} if "id" in request else {}))
        else:
            await replay(socket, request)

    async with asyncio.timeout(5), serving(busy) as server:
        assert await seen(server) == ALL
    assert server.subscriptions == [0, 1, 1]
    assert len(waits) == 1


@awaited
async def test_orders_are_subscribed_to_again_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the answers to the last of many would come too late, and the connection count as dead."""
    monkeypatch.setattr(Feed._request, "__defaults__", (1,))
    ids = [f"ord_{number}" for number in range(300)]
    answered: list[str] = []

    async def slow(server: Server, socket: ServerConnection, request: Document) -> None:
        if server.connections > 1:
            await asyncio.sleep(0.005)
            answered.append(str(request["orderId"]))
        await send(socket, {"type": "ack", "id": request.get("id"), "orderId": request["orderId"]})

    async with asyncio.timeout(9), serving(slow) as server, Feed(server.url, "key") as feed:
        for order_id in ids:
            await feed.subscribe(order_id)
        await feed.drop()
        while len(answered) < len(ids):
            await asyncio.sleep(0.01)
        assert sorted(answered) == sorted(ids)
        assert server.connections == 2


@awaited
async def test_a_line_that_takes_nothing_any_more_is_noticed(
    monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    monkeypatch.setattr(Feed._request, "__defaults__", (2,))
    opened: list[ServerConnection] = []

    def stuck(connection: ServerConnection, _: Request) -> None:
        if not opened:
            connection.transport.pause_reading()
        opened.append(connection)

    async def answering(_: Server, socket: ServerConnection, request: Document) -> None:
        await send(socket, ack(request))

    more_than_buffers_hold: Document = {**ORDER, "clientOrderId": "x" * 16_000_000}
    async with serving(answering, stuck, max_size=2**25) as server, Feed(server.url, "key") as feed:
        async with asyncio.timeout(30):
            assert (await feed.execute(more_than_buffers_hold))["orderId"] == "ord_1"
        opened[0].transport.abort()
    assert len(opened) > 1
    assert len(waits) >= 1


@awaited
async def test_who_waits_when_it_closes_is_told(waits: Waits) -> None:
    async def mute(*_: object) -> None:
        pass

    async with asyncio.timeout(5), serving(mute) as server:
        feed = Feed(server.url, "key")
        await feed.open()
        waiting = [asyncio.ensure_future(feed.subscribe("ord_1")), asyncio.ensure_future(feed.next())]
        await asyncio.sleep(0.05)
        await feed.aclose()
        for one in waiting:
            with pytest.raises(RuntimeError, match="is closed"):
                await one
    assert waits == []
