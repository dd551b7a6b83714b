"""An HTTP server that accepts every request and does nothing: a stand-in for SQS and the pushes.

It runs as a process of its own (``python -m infra.lab.bench.sink``), so that its CPU is counted apart, and
prints its port first. ``GET /frames`` answers how many frames were posted to connections so far.
"""

from __future__ import annotations

import socket
from collections import Counter

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_posted: Counter[str] = Counter()


async def _sink(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    assert scope["type"] == "http"  # noqa: S101 - there is no lifespan
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    body = b"{}"
    if scope["path"] == "/frames":
        body = str(_posted["frames"]).encode()
    elif scope["path"].startswith("/@connections/"):
        _posted["frames"] += 1
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def main() -> None:
    """Serve until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(_sink, lifespan="off", log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
