"""The pipe that carries a function's log, read without blocking once its answer has arrived."""

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

    def reads(self, pipe: IO[str]) -> bool:
        """Return whether it is this pipe that is read."""
        return self._pipe is pipe

    def fileno(self) -> int:
        """Return the pipe's file descriptor."""
        return self._pipe.fileno()

    def keep_empty(self) -> None:
        """Read what comes, until the worker's end."""
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        while True:
            waiting.poll()
            if not self.pull():
                return

    def take(self) -> str:
        """Return what was logged since the last time: all of it, for a worker logs before it answers."""
        self.pull()
        with self._lock:
            read, self._read = self._read, b""
        return read.decode(errors="replace").removesuffix("\n")

    def pull(self) -> bool:
        """Read what is in the pipe; False at its end."""
        with self._lock:
            try:
                while chunk := os.read(self._pipe.fileno(), _CHUNK):
                    self._read += chunk
            except BlockingIOError:
                return True
            except ValueError:
                # Who collected the process closed the pipe, maybe while another thread waited for it.
                return False
        return False
