"""The HTTP client against servers that lose answers, and that refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from dexec_client.errors import ApiError, BadAddress, DexecError
from dexec_client.raw import retry
from dexec_client.raw.api import Api
from dexec_client.raw.json_types import Document
from tests.support.awaited import awaited

ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
ACCEPTED = (202, "application/json", b'{"orderId": "ord_1"}')
GATEWAY = (502, "application/json", b'{"message": "Internal server error"}')
PROXY = (504, "text/html", b"<h1>Gateway Time-out</h1>")
CRASHED = (500, "text/html", b"<h1>Internal Server Error</h1>")
AWAY = (503, "application/problem+json", b'{"type": "/errors/unavailable", "detail": "nothing was stored"}')
FULL = (429, "application/problem+json", b'{"type": "/errors/too_many_orders", "detail": "too many"}')
CLOSED = (0, "", b"")

Answer = tuple[int, str, bytes]


@dataclass
class Server:
    """Gives its answers in turn, the last one for ever; 0 closes the connection instead."""

    answers: list[Answer]
    keys: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(headers.get("content-length", "0")))
        self.keys.append(headers.get("idempotency-key", ""))
        status, kind, body = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if status:
            fields = f"content-type: {kind}\r\ncontent-length: {len(body)}\r\nretry-after: 7"
            writer.write(f"HTTP/1.1 {status} X\r\n{fields}\r\nconnection: close\r\n\r\n".encode() + body)
        writer.close()


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[Server]:
    server = Server(list(answers))
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        yield server


def place(*answers: Answer, key: str | None = None) -> tuple[Document | DexecError, list[str], list[str]]:
    """Place an order; return what came of it, the keys it was sent under, and what was said."""
    said: list[str] = []

    async def scenario() -> tuple[Document | DexecError, list[str], list[str]]:
        async with serving(*answers) as server, Api(server.url, "k", say=said.append) as api:
            try:
                return await api.place(ORDER, key), server.keys, said
            except DexecError as exc:
                return exc, server.keys, said

    return asyncio.run(scenario())


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long was waited before each repeat, without having waited."""
    waited: list[float] = []
    pause_s = retry.pause_s

    def no_pause(failures: int, retry_after: float | None = None) -> float:
        waited.append(pause_s(failures, retry_after))
        return 0.0

    monkeypatch.setattr(retry, "pause_s", no_pause)
    return waited


@pytest.mark.parametrize("lost", [GATEWAY, PROXY, AWAY, CLOSED])
def test_a_lost_answer_is_asked_for_under_the_same_key(lost: Answer, waits: list[float]) -> None:
    answer, keys, said = place(lost, lost, ACCEPTED)
    assert answer == {"orderId": "ord_1"}
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert keys[0]
    assert len(said) == 2
    assert all("asking again, under the same key" in line for line in said)
    assert all(wait >= (0 if lost is CLOSED else 7) for wait in waits), "Retry-After is the least"


def test_every_order_has_a_key_of_its_own_unless_one_is_given() -> None:
    first, second = place(ACCEPTED)[1], place(ACCEPTED)[1]
    assert first != second
    assert place(GATEWAY, ACCEPTED, key="mine")[1] == ["mine", "mine"]


def test_it_ends() -> None:
    answer, keys, _ = place(AWAY, GATEWAY, AWAY)
    assert isinstance(answer, DexecError)
    assert answer.is_unknown, "one of the tries may have placed it"
    assert "HTTP 502: Internal server error" in str(answer)
    assert keys == [keys[0]] * retry.TRIES


def test_what_the_engine_says_was_not_stored_was_not() -> None:
    answer, _, _ = place(AWAY)
    assert isinstance(answer, ApiError)
    assert (answer.is_unknown, str(answer)) == (False, "nothing was stored")


def test_a_gateway_whose_function_crashed_says_nothing_of_the_order() -> None:
    answer, keys, _ = place(CRASHED, ACCEPTED)
    assert isinstance(answer, ApiError)
    assert (answer.status, answer.is_unknown, len(keys)) == (500, True, 1)


def test_a_full_backlog_is_not_asked_again_but_says_when() -> None:
    answer, keys, said = place(FULL, ACCEPTED)
    assert isinstance(answer, ApiError)
    assert (answer.status, answer.retry_after) == (429, 7)
    assert (len(keys), said) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 409, 413, 422, 500])
def test_a_refusal_is_an_answer(status: int) -> None:
    refusal = (status, "application/problem+json", json.dumps({"detail": "no"}).encode())
    answer, keys, _ = place(refusal, ACCEPTED)
    assert isinstance(answer, ApiError)
    assert (answer.status, len(keys)) == (status, 1)


@awaited
async def test_an_address_that_is_none_is_not_asked_again(waits: list[float]) -> None:
    with pytest.raises(BadAddress, match="is not an HTTP address"):
        async with Api("no address", "k") as api:
            await api.place(ORDER)
    assert waits == []
