"""A pool of reusable threads: the emulator starts one or two for every invocation."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

logger = logging.getLogger(__name__)

IDLE_S = 10.0
"""Threads that were idle for this long end."""

Run = Callable[[], object]


class _Kept:
    """A thread that waits for the next function to run."""

    def __init__(self, pool: Threads) -> None:
        self._pool = pool
        self.given: SimpleQueue[Run] = SimpleQueue()
        Thread(target=self._serve, daemon=True, name="kept").start()

    def _serve(self) -> None:
        while True:
            try:
                run = self.given.get(timeout=self._pool.idle_s)
            except Empty:
                if self._pool.forget(self):
                    return
                # It has just been chosen.
                run = self.given.get()
            try:
                # What one sets in its context is not the next one's.
                contextvars.Context().run(run)
            except BaseException:
                logger.exception("a function broke that ran in a thread")
            del run
            self._pool.keep(self)


class Threads:
    """As many threads as there are functions to run at once; none of them waits for another."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self.idle_s = idle_s
        self.started = 0
        self._lock = Lock()
        self._idle: list[_Kept] = []

    def run(self, function: Run) -> None:
        """Run a function in a thread of its own. Raises ``RuntimeError`` where there can be no more."""
        with self._lock:
            kept = self._idle.pop() if self._idle else None
            self.started += kept is None
        (kept or _Kept(self)).given.put(function)

    def keep(self, kept: _Kept) -> None:
        """Take a thread back that has done."""
        with self._lock:
            self._idle.append(kept)

    def forget(self, kept: _Kept) -> bool:
        """Let a thread end; False if it was chosen in the meantime."""
        with self._lock:
            if kept in self._idle:
                self._idle.remove(kept)
                return True
            return False


class KeptThread:
    """What the emulator uses of ``threading.Thread``, run by one of ``threads``, all of which are daemons."""

    threads = Threads()

    def __init__(
        self,
        target: Callable[..., object],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        **_: object,
    ) -> None:
        self._target, self._args, self._kwargs = target, args, kwargs or {}
        self._done = Event()

    def start(self) -> None:
        """Run the function. Raises ``RuntimeError`` where there can be no more threads."""
        self.threads.run(self._run)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the function has returned, at most ``timeout`` seconds."""
        self._done.wait(timeout)

    def is_alive(self) -> bool:
        """Return whether the function has not returned yet."""
        return not self._done.is_set()

    def _run(self) -> None:
        try:
            self._target(*self._args, **self._kwargs)
        finally:
            self._done.set()
