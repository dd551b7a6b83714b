"""The synchronous client: the asynchronous one, run by an event loop in a thread of its own.

There is one implementation of calls, retries and watching. Every method here has the name, the parameters
and the documentation of the asynchronous one, and waits for it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import CancelledError
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from dexec_client.client import TIMEOUT_S, AsyncClient
from dexec_client.handle import AsyncOrderHandle
from dexec_client.results import OrderEvent
from dexec_client.watching import AsyncEventStream

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
_CLOSED = "the client is closed"


class _Loop:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # Held until they are closed: collected with an iterator that was left, one would be closed in the
        # collector's thread while it runs in the loop's.
        self._sources: set[AsyncGenerator[Any, None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dexec-client", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        return self._loop.is_closed()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns; it is cancelled where the caller is interrupted."""
        if self.is_closed:
            work.close()
            raise RuntimeError(_CLOSED)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError(_CLOSED) from None
        except BaseException:
            future.cancel()
            raise

    def each(self, source: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """Yield what the source yields, one at a time."""
        self._sources.add(source)
        try:
            while (item := self.run(_next(source))) is not None:
                yield item
        finally:
            # Not waited for: the garbage collector may close this generator, in the loop's own thread.
            if not self.is_closed:
                self._close_later(source)

    def _close_later(self, source: AsyncGenerator[T, None]) -> None:
        closing = asyncio.run_coroutine_threadsafe(source.aclose(), self._loop)
        closing.add_done_callback(lambda _: self._sources.discard(source))

    def close(self) -> None:
        """End what runs, then the thread."""
        with contextlib.suppress(RuntimeError):
            self.run(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _next(source: AsyncGenerator[T, None]) -> T | None:
    return await anext(source, None)


class _Facade(Protocol[A]):
    """Something synchronous in front of something asynchronous."""

    _loop: _Loop
    _behind: A


def _waiting(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_Facade[A], P], T]:
    """Return the method that waits for an asynchronous one."""

    @wraps(method)
    def call(self: _Facade[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._loop.run(method(self._behind, *args, **kwargs))

    return call


def _iterating(
    method: Callable[Concatenate[A, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[_Facade[A], P], Generator[T, None, None]]:
    """Return the method that iterates over what an asynchronous one yields."""

    @wraps(method)
    def call(self: _Facade[A], /, *args: P.args, **kwargs: P.kwargs) -> Generator[T, None, None]:
        return self._loop.each(method(self._behind, *args, **kwargs))

    return call


def _handing_out(
    method: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, AsyncOrderHandle]],
) -> Callable[Concatenate[Client, P], OrderHandle]:
    """Return the method that waits for a handle, and makes it a synchronous one."""

    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> OrderHandle:
        return OrderHandle(self._loop, self._loop.run(method(self._behind, *args, **kwargs)))

    return call


class OrderHandle:
    """One order of a ``Client``."""

    def __init__(self, loop: _Loop, behind: AsyncOrderHandle) -> None:
        self._loop = loop
        self._behind = behind

    def __repr__(self) -> str:
        return f"<OrderHandle {self.id} {self.status}>"

    @property
    def id(self) -> str:
        """The order's id."""
        return self._behind.id

    @property
    def status(self) -> str:
        """The last status that was seen."""
        return self._behind.status

    @property
    def starts_at(self) -> datetime | None:
        """When its turn comes under the rate limit."""
        return self._behind.starts_at

    refresh = _waiting(AsyncOrderHandle.refresh)
    cancel = _waiting(AsyncOrderHandle.cancel)
    done = _waiting(AsyncOrderHandle.done)
    events = _iterating(AsyncOrderHandle.events)


class EventStream:
    """The events of all orders of a client from now on: an iterator without end, and a context manager."""

    def __init__(self, loop: _Loop, behind: AsyncEventStream) -> None:
        self._loop = loop
        self._behind = behind

    def __enter__(self) -> EventStream:
        self._loop.run(self._behind.open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> OrderEvent:
        try:
            return self._loop.run(self._behind.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Close the connection."""
        self._loop.run(self._behind.aclose())


class Client:
    """A client of one deployment, for one API key. A context manager, or closed by ``close``.

    The parameters are those of ``AsyncClient``. It may be used from several threads.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = TIMEOUT_S,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._behind = AsyncClient(url, api_key=api_key, timeout=timeout, on_retry=on_retry)
        self._loop = _Loop()
        # Later its thread is gone, and whatever is left open would wait for it.
        atexit.register(self.close)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; what waits in another thread raises ``RuntimeError``."""
        atexit.unregister(self.close)
        if not self._loop.is_closed:
            self._loop.run(self._behind.aclose())
            self._loop.close()

    execute = _handing_out(AsyncClient.execute)
    handle = _handing_out(AsyncClient.handle)
    order = _waiting(AsyncClient.order)
    orders = _iterating(AsyncClient.orders)
    cancel = _waiting(AsyncClient.cancel)
    cancel_all = _waiting(AsyncClient.cancel_all)
    amend = _waiting(AsyncClient.amend)
    quote = _waiting(AsyncClient.quote)
    balances = _waiting(AsyncClient.balances)
    risk = _waiting(AsyncClient.risk)
    tokens = _waiting(AsyncClient.tokens)
    config = _waiting(AsyncClient.config)

    def stream(self) -> EventStream:
        """Return an iterator over the events of all orders from now on, that never ends by itself."""
        return EventStream(self._loop, self._behind.stream())
