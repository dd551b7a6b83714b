"""Texts that once took seconds, an order without an answer, or a 500: each is refused at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.system.edge.conftest import STRANGER
from tests.system.edge.inprocess import SWAP, Deployment, http_event

MOST_CPU_S = 1.0
NUMBERS = (
    "1e5000",
    "1e5000000",
    "1e20000000",
    "1E+20000000",
    "-1e5000000",
    "1e-5000000",
    "1e9999999999999999999",
    "1e-9999999999999999999",
    f"1e{'9' * 10_000}",
    "9" * 15_000,
    f"0.{'9' * 15_000}",
)
FRAMES = {
    "ping": '{"action":"ping","id":%s}',
    "an order": '{"action":"execute","order":{"tokenIn":"SOL","tokenOut":"USDC","amount":1},"id":%s}',
    "an amount": '{"action":"execute","order":{"tokenIn":"SOL","tokenOut":"USDC","amount":%s}}',
    "a bare amount": '{"tokenIn":"SOL","tokenOut":"USDC","amount":%s}',
    "a slippage": '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"slippage":%s}',
    "slippage in bps": '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"slippageBps":%s}',
    "a seq": '{"action":"subscribe","orderId":"ord_1","afterSeq":%s}',
    "an unknown field": '{"action":"ping","more":[%s]}',
    "no object": "%s",
    "a thousand of them": '{"action":"ping","more":[%s]}',
}


@contextmanager
def at_once() -> Iterator[None]:
    """Bound the CPU, not the clock, which a busy machine would stretch."""
    started = time.process_time()
    yield
    assert time.process_time() - started < MOST_CPU_S


@pytest.fixture
def socket(functions: Deployment) -> str:
    """Return a connection that hears of every order of its client."""
    connection, status = functions.connect(STRANGER, {"stream": "all"})
    assert status == 200
    return connection


def filled(shape: str, number: str) -> str:
    many = 1_000 if shape == FRAMES["a thousand of them"] and len(number) < 14 else 1
    return shape % ",".join([number] * many)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:24])
def test_a_number_without_bounds(functions: Deployment, socket: str, number: str) -> None:
    """One refusal, whatever the number stands for; nothing is placed."""
    for what, shape in FRAMES.items():
        text = filled(shape, number)
        with at_once():
            (reply,) = functions.send(socket, text)
        assert (reply["type"], reply["status"], reply["code"]) == ("error", 400, "malformed"), what
        with at_once():
            answer = functions.http("POST", "/api/orders/execute", key=STRANGER, body=text)
        assert (answer.status, answer.json["type"]) == (400, "/errors/malformed"), what
    assert functions.http("GET", "/api/orders", key=STRANGER).json["orders"] == []


@pytest.mark.parametrize(
    "frame_id", ["1.0", "1e3", "1e999", "true", "{}", "[7]", "9007199254740993", "9" * 99, r'"\ud800"']
)
def test_an_id_that_is_none_places_nothing(functions: Deployment, socket: str, frame_id: str) -> None:
    text = FRAMES["an order"] % frame_id
    (reply,) = functions.send(socket, text)
    assert (reply["type"], reply["status"]) == ("error", 422)
    assert reply["errors"] == [
        {"field": "id", "message": "must be a string of at most 100 characters, or an integer within ±2^53"}
    ]
    assert "id" not in reply
    assert functions.http("GET", "/api/orders", key=STRANGER).json["orders"] == []


@pytest.mark.parametrize("frame_id", ["7", "-9007199254740992", "9007199254740992", '"seven"', '"\u00e9"'])
def test_an_id_is_given_back(functions: Deployment, socket: str, frame_id: str) -> None:
    (pong,) = functions.send(socket, FRAMES["ping"] % frame_id)
    assert pong == {"type": "pong", "id": json.loads(frame_id)}
    (refusal,) = functions.send(socket, f'{{"action":"fly","id":{frame_id}}}')
    assert refusal["id"] == json.loads(frame_id)


@pytest.mark.parametrize("text", ['{"action":"ping","action":"ping"}', '{"id":1,"\\u0069d":2}'])
def test_a_field_that_stands_twice(functions: Deployment, socket: str, text: str) -> None:
    (reply,) = functions.send(socket, text)
    assert (reply["type"], reply["status"]) == ("error", 400)
    assert reply["message"] == "an object has two fields of the same name"


@pytest.mark.parametrize("stream", ["some", "", "All", "all,all"])
def test_a_stream_that_there_is_not_opens_no_connection(functions: Deployment, stream: str) -> None:
    connection, status = functions.connect(STRANGER, {"stream": stream})
    assert status == 422
    (refusal,) = functions.send(connection, '{"action":"ping"}')
    assert refusal["code"] == "connection_unknown"


LONG = "9" * 6_000
QUERIES = {
    f"/api/orders?limit={LONG}": 422,
    f"/api/orders?limit=-{LONG}": 422,
    f"/api/orders?cursor={LONG}": 422,
    "/api/orders?cursor=%ff%00": 422,
    f"/api/quotes?tokenIn=SOL&tokenOut=USDC&amount={LONG}": 422,
    "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1e5000000": 422,
    f"/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps={LONG}": 422,
    "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps=1e9999999999999999999": 422,
    "/api/quotes?tokenIn=%ff&tokenOut=%ed%a0%80&amount=1": 422,
    f"/api/orders/{LONG}": 404,
    "/console/../api/orders": 404,
}


@pytest.mark.parametrize("url", QUERIES, ids=lambda url: url[:60])
def test_a_question(functions: Deployment, url: str) -> None:
    path, _, query = url.partition("?")
    with at_once():
        answer = functions.answer(http_event("GET", path, query, {"x-api-key": STRANGER}, None))
    assert answer.status == QUERIES[url], answer
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", ["{", "e30", "\u00e9", "====", "e30=\n!"])
def test_a_body_that_is_not_the_base64_it_says(functions: Deployment, body: str) -> None:
    event = http_event("POST", "/api/orders/execute", "", {"x-api-key": STRANGER}, body)
    answer = functions.answer({**event, "isBase64Encoded": True})
    assert (answer.status, answer.json["type"]) == (400, "/errors/malformed")


def test_an_idempotency_key_counts_whole(functions: Deployment) -> None:
    """API Gateway joins repeated headers with commas; a comma in a key parts nothing."""
    first, second, repeat = (functions.place(STRANGER, SWAP, key) for key in ("a,1", "a,2", "a,1"))
    assert first != second
    assert first == repeat


@pytest.mark.parametrize("body", [None, "", " ", "null", "\ufeff{}"])
def test_no_body(functions: Deployment, body: str | None) -> None:
    event = http_event("POST", "/api/orders/execute", "", {"x-api-key": STRANGER}, body)
    assert functions.answer(event).status in {400, 422}
    del event["body"]
    assert functions.answer(event).status in {400, 422}
