"""HTTP/1.1 over connections that are kept open: the little that a load client needs, at little CPU.

A general client costs a millisecond of CPU a request, which on a small machine the deployment would miss.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit


class NoAnswer(Exception):
    """The connection broke or stayed silent: whether the request had an effect is not known."""


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    body: bytes


class _Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class KeptHttp:
    """Requests to one server over at most ``connections`` connections; use as an async context manager."""

    def __init__(self, url: str, headers: dict[str, str], connections: int, timeout_s: float = 30) -> None:
        self._url = urlsplit(url)
        self._head = "".join(
            f"{name}: {value}\r\n" for name, value in {"host": self._url.netloc, **headers}.items()
        )
        self._free: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._slots = asyncio.Semaphore(connections)
        self._timeout_s = timeout_s

    async def __aenter__(self) -> KeptHttp:
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._free.empty():
            await _close(self._free.get_nowait())

    async def open(self, connections: int) -> None:
        """Open connections ahead of time. Raises ``NoAnswer``."""
        for connection in [await self._open() for _ in range(connections)]:
            self._free.put_nowait(connection)

    async def request(self, method: str, path: str, body: bytes = b"", key: str | None = None) -> Answer:
        """Send one request, waiting for a free connection first. Raises ``NoAnswer``.

        ``key`` is its idempotency key.
        """
        head = f"{method} {self._url.path.rstrip('/')}{path} HTTP/1.1\r\n{self._head}"
        head += "" if key is None else f"idempotency-key: {key}\r\n"
        request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
        async with self._slots:
            connection = await self._kept() or await self._open()
            try:
                async with asyncio.timeout(self._timeout_s):
                    connection.writer.write(request)
                    answer = await _read(connection.reader)
            except (OSError, asyncio.IncompleteReadError, ValueError, IndexError) as exc:
                await _close(connection)
                raise NoAnswer(f"{self._url.netloc} did not answer: {exc or type(exc).__name__}") from exc
            self._free.put_nowait(connection)
            return answer

    async def _kept(self) -> _Connection | None:
        while not self._free.empty():
            connection = self._free.get_nowait()
            if not connection.reader.at_eof():
                return connection
            await _close(connection)
        return None

    async def _open(self) -> _Connection:
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        context = ssl.create_default_context() if secure else None
        try:
            async with asyncio.timeout(self._timeout_s):
                return _Connection(*await asyncio.open_connection(self._url.hostname, port, ssl=context))
        except OSError as exc:
            raise NoAnswer(f"no connection to {self._url.netloc}: {exc or type(exc).__name__}") from exc


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head[1:])}
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return Answer(int(head[0].split()[1]), body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def _close(connection: _Connection) -> None:
    connection.writer.close()
    with suppress(OSError):
        await connection.writer.wait_closed()
