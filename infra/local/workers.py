"""A bounded worker pool per function, with a first-come-first-served queue in front.

AWS would start an execution environment for every request that finds none free. On a laptop that is memory
without speed, so further invocations wait for their turn, in the order they came. A function's time-out
counts from when it runs. A function that waited for its own invocations could deadlock here: those of
dexec invoke themselves asynchronously.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Protocol

Config = dict[str, Any]

IDLE_S = 60
"""Workers that were idle for this long end, except one of each function."""


def default_workers() -> int:
    """Return the default number of workers of a function: one a core, and at least four.

    With 2, 3, 4, 6 and 8 workers on two busy cores an order of a burst over 50 connections cost 25.0, 23.5,
    22.6, 23.2 and 22.8 ms of CPU, and the deployment had 589, 606, 625, 661 and 694 MB.
    """
    return max(4, os.cpu_count() or 1)


class Worker(Protocol):
    """A worker of the emulator."""

    def invoke(self, event: object, request_id: str, **about: object) -> dict[str, Any]:
        """Run one invocation."""


class Turns:
    """Lets as many in at once as they say when they come; the others wait in the order they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._width = 0
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self, width: int) -> None:
        """Wait for a turn, where ``width`` may run at once."""
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            self._width = width
            self._waiting.append(turn)
            self._call()
        turn.acquire()

    def give_back(self) -> None:
        """End a turn: the next one's begins."""
        with self._lock:
            self.running -= 1
            self._call()

    def _call(self) -> None:
        while self._waiting and self.running < self._width:
            self.running += 1
            self._waiting.popleft().release()


Acquire = Callable[..., tuple[Any, str]]
Release = Callable[[Any], None]
Width = Callable[[str, Config], int]


class Bound:
    """The emulator's pool of workers behind ``Turns`` of each function.

    ``acquire`` and ``release`` are the emulator's own, which never wait; ``width`` returns how many workers
    a function may have.
    """

    def __init__(self, acquire: Acquire, release: Release, width: Width) -> None:
        self._acquire = acquire
        self._release = release
        self._width = width
        self._lock = threading.Lock()
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)
        # The emulator does not name the worker that it gives back when starting it has failed.
        self._taken = threading.local()

    def turns(self, config: Config) -> Turns:
        """Return the turns of a function."""
        with self._lock:
            return self._turns[str(config.get("FunctionArn"))]

    def acquire(
        self, func_name: str, config: Config, code_zip: bytes, qualifier: str = "$LATEST", **more: object
    ) -> tuple[Any, str]:
        """Lease a worker to this thread, as soon as it is its turn."""
        turns = self.turns(config)
        turns.take(self._width(func_name, config))
        try:
            leased = self._acquire(func_name, config, code_zip, qualifier=qualifier, **more)
        except BaseException:
            turns.give_back()
            raise
        self._stack().append(turns)
        return leased

    def release(self, worker: Worker | None) -> None:
        """Give back what this thread leased last; None where the worker is no more."""
        try:
            self._release(worker)
        finally:
            self._stack().pop().give_back()

    def lease(self, func_name: str, config: Config, code_zip: bytes, qualifier: str = "$LATEST") -> Lease:
        """Return what invokes a function once it is its turn, for those who do not give workers back."""
        return Lease(self, (func_name, config, code_zip, qualifier))

    def _stack(self) -> list[Turns]:
        stack: list[Turns] = self._taken.__dict__.setdefault("stack", [])
        return stack


class Lease:
    """A worker for one invocation at a time, chosen when it is invoked."""

    def __init__(self, bound: Bound, function: tuple[str, Config, bytes, str]) -> None:
        self._bound = bound
        self._function = function

    def invoke(self, event: object, request_id: str, **about: object) -> dict[str, Any]:
        """Run one invocation on a worker of its own."""
        worker, _ = self._bound.acquire(*self._function)
        try:
            result: dict[str, Any] = worker.invoke(event, request_id, **about)
            return result
        finally:
            self._bound.release(worker)
