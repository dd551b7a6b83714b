"""What every implementation of the ``Push`` port does: API Gateway over a real socket, and the fake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Protocol
from urllib.parse import unquote

import pytest

from dexec.adapters.aws import clients
from dexec.adapters.aws.push import ApiGatewayPush
from dexec.api.frames import encode
from dexec.ports import Delivery, Push
from tests.support.fakes import FakePush

FRAME = encode({"type": "status", "orderId": "ord_1", "seq": 1})


class Stage(Protocol):
    """Connections named after what becomes of their frames: here, gone, failing."""

    @property
    def push(self) -> Push: ...

    def frames(self, connection_id: str) -> list[bytes]:
        """Return what a connection was sent."""


@dataclass
class InMemory:
    push: FakePush = field(default_factory=FakePush)

    def frames(self, connection_id: str) -> list[bytes]:
        return [encode(frame) for frame in self.push.frames[connection_id]]


class Gateway(ThreadingHTTPServer):
    """The part of API Gateway that takes frames."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connections)
        self.taken: list[tuple[str, bytes]] = []
        self.closing = Event()
        self.closed: set[str] = set()

    def answer(self, connection_id: str) -> int:
        if connection_id in self.closed:
            return 410
        if connection_id == "hanging":
            self.closing.wait(10)
        return {"gone": 410, "failing": 500, "throttled": 429}.get(connection_id, 200)


class _Connections(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        connection_id = unquote(self.path).rsplit("/", 1)[1]
        status = self.server.answer(connection_id)
        if status == 200:
            self.server.taken.append((connection_id, body))
        self.send_response(status)
        if status == 410:
            self.send_header("x-amzn-ErrorType", "GoneException")
        self.send_header("content-length", "0")
        self.end_headers()
        # Without a word in the answer, as API Gateway closes connections that were idle.
        self.close_connection = True

    def do_DELETE(self) -> None:
        connection_id = unquote(self.path).rsplit("/", 1)[1]
        status = {200: 204}.get(answer := self.server.answer(connection_id), answer)
        if status == 204:
            self.server.closed.add(connection_id)
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@dataclass
class OnApiGateway:
    push: ApiGatewayPush
    gateway: Gateway

    def frames(self, connection_id: str) -> list[bytes]:
        return [frame for to, frame in self.gateway.taken if to == connection_id]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Serve the connection management on loopback."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    clients._session.cache_clear()
    with Gateway() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()
    clients._session.cache_clear()


@pytest.fixture
def on_api_gateway(gateway: Gateway) -> Iterator[OnApiGateway]:
    """Return the adapter before the gateway."""
    with closing(clients.push_http(f"http://127.0.0.1:{gateway.server_port}/live")) as http:
        yield OnApiGateway(ApiGatewayPush(http), gateway)


@pytest.fixture(params=["in memory", "api gateway"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Return the fake, then API Gateway."""
    if request.param == "api gateway":
        on_api_gateway: OnApiGateway = request.getfixturevalue("on_api_gateway")
        return on_api_gateway
    fake = InMemory()
    fake.push.gone, fake.push.failing = {"gone"}, {"failing", "throttled"}
    fake.push.unclosable = fake.push.failing
    return fake


def test_a_frame_arrives_as_it_is(stage: Stage) -> None:
    assert stage.push.post("L0SM9cOFvHcCIhw=", FRAME) is Delivery.DELIVERED
    assert stage.frames("L0SM9cOFvHcCIhw=") == [FRAME]


def test_a_closed_connection_is_gone(stage: Stage) -> None:
    assert stage.push.post("gone", FRAME) is Delivery.GONE
    assert stage.frames("gone") == []


def test_a_connection_that_was_given_up_is_closed(stage: Stage) -> None:
    assert stage.push.close("L0SM9cOFvHcCIhw=") is Delivery.DELIVERED
    assert stage.push.post("L0SM9cOFvHcCIhw=", FRAME) is Delivery.GONE


def test_closing_what_is_closed_is_done_already(stage: Stage) -> None:
    assert stage.push.close("gone") is Delivery.GONE


@pytest.mark.parametrize("connection_id", ["failing", "throttled"])
def test_what_could_not_be_closed_is_said_to_be_open(stage: Stage, connection_id: str) -> None:
    assert stage.push.close(connection_id) is Delivery.FAILED


@pytest.mark.parametrize("connection_id", ["failing", "throttled"])
def test_what_may_pass_is_a_failure(stage: Stage, connection_id: str) -> None:
    assert stage.push.post(connection_id, FRAME) is Delivery.FAILED


def test_a_connection_that_hangs_fails_at_its_time_out(on_api_gateway: OnApiGateway) -> None:
    assert on_api_gateway.push.post("hanging", FRAME) is Delivery.FAILED
    assert not on_api_gateway.gateway.closing.is_set()


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(on_api_gateway: OnApiGateway) -> None:
    for _ in range(3):
        assert on_api_gateway.push.post("anybody", FRAME) is Delivery.DELIVERED
    assert on_api_gateway.frames("anybody") == [FRAME] * 3


def test_no_gateway_is_a_failure(on_api_gateway: OnApiGateway) -> None:
    assert on_api_gateway.push.post("anybody", FRAME) is Delivery.DELIVERED
    on_api_gateway.gateway.shutdown()
    on_api_gateway.gateway.server_close()
    assert on_api_gateway.push.post("anybody", FRAME) is Delivery.FAILED
    assert on_api_gateway.push.close("anybody") is Delivery.FAILED
