"""An HTTP server that accepts every request and does nothing: a stand-in for SQS and the pushes.

It runs as a process of its own (``python -m infra.lab.bench.sink``), so that its CPU is counted apart, and
prints its port first. ``GET /frames`` answers how many frames were posted to connections so far.
"""

from __future__ import annotations

import asyncio
from typing import cast

_DONE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class _Sink(asyncio.Protocol):
    """One connection, kept open; requests have a content-length or no body."""

    frames = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := self._next_request()) is not None:
            if request.startswith(b"GET /frames"):
                body = str(_Sink.frames).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n"
                self._transport.write(head.encode() + body)
                continue
            _Sink.frames += b"/@connections/" in request
            self._transport.write(_DONE)

    def _next_request(self) -> bytes | None:
        """Take a complete request off what was received; return its first line."""
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _content_length(head)
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return head.partition(b"\r\n")[0]


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
