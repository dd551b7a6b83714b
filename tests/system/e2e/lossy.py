"""A gateway that loses answers: the request was executed, and its client gets no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

HOP = {"host", "connection", "content-length", "transfer-encoding", "content-encoding", "accept-encoding"}


@dataclass
class Lossy:
    """``losses`` says how each first answer to an order is lost: a status, or 0 for a closed connection."""

    upstream: str
    losses: tuple[int, ...]
    url: str = ""
    keys: list[str | None] = field(default_factory=list)
    """Idempotency keys of the orders that came, in order."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def lossy(upstream: str, *losses: int) -> Iterator[Lossy]:
    """Serve ``upstream`` on loopback; the first orders' answers are lost."""
    gateway = Lossy(upstream.rstrip("/"), losses)
    with _Server(("127.0.0.1", 0), _handler(gateway)) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


def _handler(gateway: Lossy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(self._forward("GET"))

        def do_POST(self) -> None:
            answer = self._forward("POST")
            number = len(gateway.keys)
            gateway.keys.append(self.headers.get("idempotency-key"))
            if number >= len(gateway.losses):
                self._answer(answer)
                return
            assert answer.status_code == 202, answer.text
            if gateway.losses[number]:
                message = b'{"message":"Internal server error"}'
                self._answer(httpx.Response(gateway.losses[number], content=message))
            self.close_connection = True

        def _forward(self, method: str) -> httpx.Response:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            url = gateway.upstream + self.path
            return httpx.request(method, url, content=body, headers=headers, timeout=30, trust_env=False)

        def _answer(self, answer: httpx.Response) -> None:
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    return Handler
