"""What no order can be made of: a clear answer, never a 5xx, and nothing left behind.

One of each kind, to see it through the emulator; the rest is in unit/api/test_inputs and system/edge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from socket import SHUT_WR, create_connection
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import messages, orders_of, wait_for_clean_queues

NOBODYS = "ord_0193f0c2b4d97a5e8c1f2a3b4c5d6e7f"


def order(**changes: object) -> str:
    """Return a good order's body with some fields changed; None takes a field out."""
    fields = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def with_amount(text: str) -> str:
    """Return an order whose amount is written as given, JSON or not."""
    return f'{{"tokenIn":"SOL","tokenOut":"USDC","amount":{text}}}'


BODIES: dict[str, tuple[str | bytes, int]] = {
    "no field at all": ("{}", 422),
    "no amount": (order(amount=None), 422),
    "an unknown field": (order(price="1"), 422),
    "an unknown token": (order(tokenIn="DOGE"), 422),
    "a token that is a number": (order(tokenIn=7), 422),
    "the same token twice": (order(tokenOut="SOL"), 422),
    "tokens named twice": (order(inputToken="SOL", outputToken="USDC"), 422),
    "an unknown side": ('{"side":"hold","baseAsset":"SOL","quoteAsset":"USDC","amount":1}', 422),
    "amount zero": (with_amount("0"), 422),
    "amount minus zero": (with_amount("-0.0"), 422),
    "amount of 5,000 digits": (with_amount("9" * 5000), 400),
    "amount 1e5000000": (with_amount("1e5000000"), 400),
    "amount named twice": (with_amount('1,"amount":2'), 400),
    "amount true": (with_amount("true"), 422),
    "amount a word": (with_amount('"abc"'), 422),
    "amount NaN": (with_amount("NaN"), 400),
    "amount infinite": (with_amount("Infinity"), 400),
    "slippage below zero": (order(slippage=-0.1), 422),
    "slippage a word": (order(slippage="much"), 422),
    "slippage named twice": (order(slippage=1, slippageBps=100), 422),
    "a limit order": (order(orderType="limit"), 422),
    "a label of half a character": (order(clientId="\ud800"), 422),
    "malformed JSON": ('{"tokenIn":"SOL",', 400),
    "a string": ('"order"', 400),
    "nesting without end": ("[" * 8000, 400),
    "bytes that are no text": (b"\xff\xfe\x00", 400),
    "1 MB": (b" " * 2**20, 413),
}


@pytest.fixture(scope="module")
def key(deployment: Deployed) -> Iterator[str]:
    """Give all tests of this file one client, which has nothing to its name after the last."""
    name = deployment.new_key()
    wait_for_clean_queues(deployment)
    yield name
    assert orders_of(deployment, name) == []
    assert not any(messages(deployment).values())


@pytest.fixture(scope="module")
def client(deployment: Deployed, key: str) -> Iterator[httpx.Client]:
    with deployment.client(key) as client:
        yield client


@pytest.fixture
def socket(deployment: Deployed, key: str) -> Iterator[ClientConnection]:
    with connect(f"{deployment.websocket_url}?apiKey={key}", proxy=None, max_size=2**22) as socket:
        yield socket


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"{str(answer.url).partition('/api/')[0]}/errors/{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    assert "psycopg" not in answer.text


@pytest.mark.parametrize("what", BODIES)
def test_a_body_over_http(client: httpx.Client, what: str) -> None:
    body, status = BODIES[what]
    headers = {"content-type": "application/json"}
    assert_problem(client.post("api/orders/execute", content=body, headers=headers), status)


@pytest.mark.parametrize("what", [what for what, (body, _) in BODIES.items() if isinstance(body, str)])
def test_the_same_over_a_websocket(socket: ClientConnection, what: str) -> None:
    body, _ = BODIES[what]
    socket.send(body)
    refusal = json.loads(socket.recv(timeout=10))
    assert refusal["type"] == "error"
    assert 400 <= refusal["status"] < 500
    assert refusal["code"]
    assert refusal["message"]
    # The connection has not suffered.
    socket.send('{"action":"ping","id":"after"}')
    assert json.loads(socket.recv(timeout=10)) == {"type": "pong", "id": "after"}


FRAMES: dict[str, str | bytes] = {
    "an action that is no word": '{"action":7}',
    "an order that is a list": '{"action":"execute","order":[]}',
    "subscribe to nothing known": f'{{"action":"subscribe","orderId":"{NOBODYS}"}}',
    "subscribe to a strange id": '{"action":"subscribe","orderId":"\' OR 1=1"}',
    "subscribe after a word": f'{{"action":"subscribe","orderId":"{NOBODYS}","afterSeq":"x"}}',
    "a long idempotency key": f'{{"action":"execute","idempotencyKey":"{"k" * 300}","order":{order()}}}',
    "bytes": b"\x00\x01\xff",
    "half a character": '{"action":"\\ud800"}',
}


@pytest.mark.parametrize("what", FRAMES)
def test_a_frame(socket: ClientConnection, what: str) -> None:
    socket.send(FRAMES[what])
    refusal = json.loads(socket.recv(timeout=10))
    assert refusal["type"] == "error"
    assert 400 <= refusal["status"] < 500
    socket.send('{"action":"ping"}')
    assert json.loads(socket.recv(timeout=10)) == {"type": "pong"}


def test_a_frame_of_1_mb(socket: ClientConnection) -> None:
    socket.send(order(clientId="x" * 2**20))
    refusal = json.loads(socket.recv(timeout=10))
    assert (refusal["type"], refusal["status"]) == ("error", 400)


PATHS = {
    f"api/orders/{NOBODYS}": 404,
    "api/orders/ord_1": 404,
    "api/orders/%27%20OR%201=1": 404,
    "api/orders/%00": 404,
    "api/orders?limit=0": 422,
    "api/orders?limit=101": 422,
    "api/orders?limit=x": 422,
    "api/orders?status=done": 422,
    "api/orders?cursor=%00": 422,
    "api/quotes": 422,
    "api/quotes?tokenIn=SOL&tokenOut=SOL&amount=1": 422,
    "api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1e30": 422,
    "api/orders?cursor=%ff%fe": 422,
    "api/orders/%ed%a0%80": 404,
    "api/nothing": 404,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_question(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == PATHS[path], answer.text


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "x" * 5000}, {"x-api-key": "no"}])
def test_no_order_without_a_key(client: httpx.Client, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=client.base_url, headers=headers, trust_env=False, timeout=15) as bare:
        assert_problem(bare.post("api/orders/execute", content=order()), 401)
        assert bare.get("api/orders").status_code == 401
        assert bare.get("api/balances").status_code == 401


@pytest.mark.parametrize("idempotency_key", ["", "k" * 256, "caf\u00e9"])
def test_an_idempotency_key_that_is_none(client: httpx.Client, idempotency_key: str) -> None:
    headers = httpx.Headers({"idempotency-key": idempotency_key}, encoding="utf-8")
    answer = client.post("api/orders/execute", content=order(), headers=headers)
    assert_problem(answer, 422)


HEAD = "POST /api/orders/execute HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nx-api-key: {key}\r\n"
RAW: dict[str, bytes] = {
    "a body in chunks": b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "a chunk whose size is no number": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk larger than memory": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n{}",
    "chunks and a length": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length of 5,000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "a length below zero": b"Content-Length: -1\r\n\r\n{}",
    "no length": b"\r\n{}",
    "a header that is no text": b"Idempotency-Key: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "a header without an end": b"Idempotency-Key: k",
}


@pytest.mark.parametrize("what", RAW)
def test_bytes_that_are_hardly_http(deployment: Deployed, client: httpx.Client, key: str, what: str) -> None:
    url = urlsplit(deployment.http_url)
    head = HEAD.format(host=url.netloc, key=key).encode()
    with create_connection((url.hostname, url.port), timeout=10) as raw:
        raw.sendall(head + RAW[what])
        raw.shutdown(SHUT_WR)
        answer = raw.recv(2**16)
    assert not answer or 400 <= int(answer.split(b" ", 2)[1]) < 500, answer
    assert b"Traceback" not in answer
    assert client.get("api/balances").status_code == 200
