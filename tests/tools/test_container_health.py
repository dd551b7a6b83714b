from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from infra.release.containers import healthy
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
def test_what_the_health_check_says(
    emulator: int, ready: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthy, "_database_answers", lambda _: True)
    with serving({"/_ministack/health": emulator, READY: ready}) as port:
        found = what_is_wrong(port, 1)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_a_database_out_of_reach_is_told_whatever_the_emulator_says() -> None:
    with serving({"/_ministack/health": 200, READY: 200}) as port, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        database_port = closed.getsockname()[1]
        assert f"PostgreSQL does not answer on port {database_port}" in what_is_wrong(port, database_port)


def test_an_emulator_that_does_not_answer_is_not_healthy() -> None:
    with serving({}) as port:
        pass
    assert "does not answer" in what_is_wrong(port, 1)
