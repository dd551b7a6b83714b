"""The pipe into which a function's process logs: read without a wait when its answer has come."""

from __future__ import annotations

import os
import select
from threading import Lock
from typing import IO

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
