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

LOG_EVERY_S = 0.1
"""How often the log's pipe is emptied while an answer is waited for.

A function writes a few lines before it answers: to be woken for each of them costs a thread switch, and all
of them are read with the answer. One that logs more than a pipe holds, 64 KB, waits this long for each pipe
full.
"""


class Ended(Exception):
    """The worker has closed its output: its process is at its end."""


class Dialogue:
    """Talks with a worker over its pipes, and keeps the one into which it logs from filling up."""

    def __init__(self, stdin: IO[str], stdout: IO[str], log: LogPipe) -> None:
        self._stdin, self._stdout = stdin.fileno(), stdout.fileno()
        self._log = log
        # Files stay open for as long as they are talked over.
        self._files = (stdin, stdout)
        self._heard = b""
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe, False)
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)

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
        """Wait until the answer's pipe is ready, and read what there is; keep the log's from filling up."""
        while not (ready := self._poll.poll(self._patience_ms(deadline))):
            self._log.pull()
            if time.monotonic() >= deadline:
                raise TimeoutError
        if any(pipe == self._stdout for pipe, _ in ready):
            self._read()

    @staticmethod
    def _patience_ms(deadline: float) -> float:
        return max(0.0, min(LOG_EVERY_S, deadline - time.monotonic())) * 1000

    def _read(self) -> None:
        read = os.read(self._stdout, _CHUNK)
        if not read:
            raise Ended
        self._heard += read
