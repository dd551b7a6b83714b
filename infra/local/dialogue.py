"""The line protocol with a worker's process, written and read in the thread that waits for the answer.

MiniStack starts a thread for every answer that it waits for.
"""

from __future__ import annotations

import os
import select
import time
from typing import IO

from infra.local.log_pipe import LogPipe

_CHUNK = 1 << 16


class Ended(Exception):
    """The worker has closed its output: its process is at its end."""


class Dialogue:
    """Talks with a worker over its pipes, and keeps the one into which it logs from filling up."""

    def __init__(self, stdin: IO[str], stdout: IO[str], log: LogPipe) -> None:
        self._stdin, self._stdout, self._stderr = stdin.fileno(), stdout.fileno(), log.fileno()
        self._log = log
        # Files stay open for as long as they are talked over.
        self._files = (stdin, stdout)
        self._heard = b""
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe, False)
        self._poll = select.poll()
        for pipe in (self._stdout, self._stderr):
            self._poll.register(pipe, select.POLLIN)

    def is_over(self, log: LogPipe) -> bool:
        """Return whether it is with the process that logs there."""
        return self._log is log

    def say(self, line: bytes, deadline: float) -> None:
        """Hand over a line, which ends with a line feed.

        ``deadline`` is on the clock of ``time.monotonic``. Raises ``TimeoutError``, ``Ended``, ``OSError``.
        """
        left = memoryview(line)
        while left:
            try:
                left = left[os.write(self._stdin, left) :]
            except BlockingIOError:
                self._poll.register(self._stdin, select.POLLOUT)
                try:
                    self._wait(deadline)
                finally:
                    self._poll.unregister(self._stdin)

    def hear(self, deadline: float) -> bytes:
        """Return the next line. Raises ``TimeoutError``, ``Ended``, ``OSError``."""
        while b"\n" not in self._heard:
            self._wait(deadline)
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def _wait(self, deadline: float) -> None:
        """Wait until a pipe is ready, and read what there is."""
        ready = self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise TimeoutError
        for pipe, _ in ready:
            if pipe == self._stdout:
                self._read()
            elif pipe == self._stderr and not self._log.pull():
                # At its end it would always be ready.
                self._poll.unregister(self._stderr)

    def _read(self) -> None:
        read = os.read(self._stdout, _CHUNK)
        if not read:
            raise Ended
        self._heard += read
