"""An executor without threads: what is submitted has run when ``submit`` returns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SameThread(Executor):
    """Runs everything where it is submitted, so a run of a use case is one sequence of calls.

    What is no ``Exception`` (a crash) goes through to the caller, as it would end the process.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:
            future.set_exception(exc)
        return future

    def wait(self, futures: Collection[Future[None]], timeout_s: float) -> None:
        """Wait for nothing: what is not done was cut off by a crash, and never will be."""
