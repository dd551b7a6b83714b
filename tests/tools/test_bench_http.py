from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from infra.lab.bench.kept_http import KeptHttp, NoAnswer
from tests.support.awaited import awaited

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PLAIN = b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\n\r\ndone"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n3\r\n so\r\n0\r\n\r\n"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"content-length" in line)
    return head + await reader.readexactly(length)


@asynccontextmanager
async def served(serve: Serve, connections: int = 2) -> AsyncIterator[KeptHttp]:
    """Serve requests; give a client of that server."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, KeptHttp(f"http://{host}:{port}/base/", {"x-api-key": "k"}, connections, 2) as http:
        yield http


def answering(answer: bytes, seen: list[bytes], *, close: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                seen.append(await read_request(reader))
                writer.write(answer)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return serve


@pytest.mark.parametrize(("answer", "body"), [(PLAIN, b"done"), (CHUNKED, b"done so")])
@awaited
async def test_answers_are_read_to_their_end(answer: bytes, body: bytes) -> None:
    seen: list[bytes] = []
    async with served(answering(answer, seen)) as http:
        for _ in range(3):
            assert (await http.request("POST", "/orders", b"{}")).body == body
    assert seen[0].startswith(b"POST /base/orders HTTP/1.1\r\n")
    assert b"x-api-key: k\r\n" in seen[0]
    assert seen[0].endswith(b"\r\n\r\n{}")


@awaited
async def test_a_connection_that_the_server_closed_is_replaced() -> None:
    seen: list[bytes] = []
    async with served(answering(PLAIN, seen, close=True)) as http:
        for _ in range(3):
            assert (await http.request("GET", "/")).status == 202
            await asyncio.sleep(0.02)
    assert len(seen) == 3


@awaited
async def test_no_more_connections_than_allowed_are_open() -> None:
    open_now = most = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            while True:
                await read_request(reader)
                await asyncio.sleep(0.01)
                writer.write(PLAIN)
        except asyncio.IncompleteReadError:
            open_now -= 1
        writer.close()

    async with served(serve, connections=3) as http:
        answers = await asyncio.gather(*(http.request("GET", "/") for _ in range(12)))
        assert {answer.status for answer in answers} == {202}
    assert most == 3


@awaited
async def test_a_broken_answer_is_no_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal")
        writer.close()

    async with served(serve) as http:
        with pytest.raises(NoAnswer):
            await http.request("GET", "/")


@awaited
async def test_no_listener_is_no_answer() -> None:
    async with KeptHttp("http://127.0.0.1:1", {}, 1) as http:
        with pytest.raises(NoAnswer):
            await http.open(1)
