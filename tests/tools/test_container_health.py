from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from infra.release.containers.healthy import READY, what_is_wrong


@contextmanager
def serving(statuses: dict[str, int]) -> Iterator[int]:
    """Serve a status for each path; return the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("emulator", "ready", "told"),
    [
        (200, 404, ""),
        (200, 200, ""),
        (200, 503, "orders are not taken"),
        (200, 500, "orders are not taken"),
        (503, 200, "the emulator is not healthy"),
    ],
)
def test_what_the_health_check_says(emulator: int, ready: int, told: str) -> None:
    with serving({"/_ministack/health": emulator, READY: ready}) as port:
        found = what_is_wrong(port)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_an_emulator_that_does_not_answer_is_not_healthy() -> None:
    with serving({}) as port:
        pass
    assert "does not answer" in what_is_wrong(port)
