"""A recording proxy around the ports: it writes down every call and puts a fault where one is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import local
from typing import TypeVar, cast

T = TypeVar("T")
Work = Callable[[], object]


class Crash(BaseException):
    """The process ends here, between two lines."""


@dataclass(frozen=True)
class Fault:
    """What happens at one call: ``act`` is given the call and does, or does not, make it."""

    name: str
    act: Callable[[Work], object]


class _Processes(local):
    def __init__(self) -> None:
        self.stack: list[bool] = []
        """For each process that runs in this thread, the inner ones last, whether it is dead."""


@dataclass
class Tape:
    """Calls as they are made, by number; ``faults`` holds what is to go wrong at which."""

    faults: dict[int, Fault] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    fired: int = 0
    observe: Callable[[str], None] = lambda call: None
    """Given the name of every call that was really made, right after it, also when it raised."""
    alone: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held for a call and what observes it: a lock keeps other threads from calling in between."""
    _processes: _Processes = field(default_factory=_Processes)

    @contextmanager
    def process(self) -> Iterator[None]:
        """Run the block as one process: after a crash no port takes a call of it any more."""
        self._processes.stack.append(False)
        try:
            yield
        finally:
            self._processes.stack.pop()

    def crash(self) -> Crash:
        """Declare the running process dead and return what ends it."""
        self._processes.stack[-1] = True
        return Crash()

    def run(self, call: str, work: Work) -> object:
        """Make a call, unless a fault stands at its place."""
        # Other threads of a process, such as those that push, have no stack of their own.
        if self._processes.stack and self._processes.stack[-1]:
            # The ``finally`` blocks of a process that was killed do not run either.
            raise Crash
        fault = self.faults.get(len(self.calls))
        self.calls.append(call)

        def observed() -> object:
            with self.alone:
                try:
                    return work()
                finally:
                    self.observe(call)

        if fault is None:
            return observed()
        self.fired += 1
        return fault.act(observed)

    def around(self, port: T, name: str) -> T:
        """Return ``port``, whose calls go through this tape from now on."""
        return cast(T, _Recorded(port, name, self))


class _Recorded:
    def __init__(self, port: object, name: str, tape: Tape) -> None:
        self._port, self._port_name, self._tape = port, name, tape

    def __getattr__(self, method: str) -> object:
        value = getattr(self._port, method)
        if not callable(value):
            return value

        def call(*args: object, **kwargs: object) -> object:
            return self._tape.run(f"{self._port_name}.{method}", lambda: value(*args, **kwargs))

        return call
