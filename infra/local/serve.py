"""The emulator's process: MiniStack's application on uvicorn, guarded, whose functions answer without a wait.

MiniStack answers whoever asks, web pages included: ``infra.local.guard`` stands before it. Its own server
spends a third more CPU on a request; and it holds every answer of a function back until its log has been
silent for 5 ms, for 50 ms where it logs nothing.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import sys
from threading import Lock
from typing import IO

import uvicorn
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from infra.local.guard import Guard, Rules

COLLECT_AFTER = 20_000
"""New objects between two garbage collections; Python's own 700 cost the emulator a twentieth of its CPU."""

_CHUNK = 1 << 16


class LogPipe:
    """The pipe into which a worker logs: kept from filling up, and read to its end when asked."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._lock = Lock()
        self._read = b""
        os.set_blocking(pipe.fileno(), False)

    def keep_empty(self) -> None:
        """Read what comes, until the worker's end."""
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        while True:
            waiting.poll()
            with self._lock:
                if not self._pull():
                    return

    def take(self) -> str:
        """Return what was logged since the last time: all of it, for a worker logs before it answers."""
        with self._lock:
            self._pull()
            read, self._read = self._read, b""
        return read.decode(errors="replace").removesuffix("\n")

    def _pull(self) -> bool:
        """Read what is in the pipe; False at its end."""
        try:
            while chunk := os.read(self._pipe.fileno(), _CHUNK):
                self._read += chunk
        except BlockingIOError:
            return True
        return False


class Worker(lambda_runtime.Worker):  # type: ignore[misc]
    """A function's process, whose log is read from its pipe when its answer has come."""

    _log: LogPipe | None = None

    def _read_stderr(self) -> None:
        self._log = LogPipe(self._proc.stderr)
        self._log.keep_empty()

    def _drain_stderr(self) -> str:
        return "" if self._log is None else self._log.take()

    _drain_stderr_bounded = _drain_stderr


def main() -> None:
    """Serve until SIGTERM, where the environment of ``infra.local.emulator`` says."""
    # A burst of sockets needs more descriptors than the usual soft limit.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Here as in the functions: who is woken waits until who runs has done, rather than interrupting him.
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Every request makes and drops thousands of objects, among many that stay.
    gc.set_threshold(COLLECT_AFTER)
    lambda_runtime.Worker = Worker
    from ministack.app import app  # type: ignore[import-untyped]

    uvicorn.run(
        Guard(app, Rules.from_environ(os.environ)),
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        # As API Gateway: no pings and no compression of its own, and MiniStack adds the headers.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        date_header=False,
        server_header=False,
        access_log=False,
        proxy_headers=False,
        log_config=None,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
