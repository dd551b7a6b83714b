"""Keeps a queue of requests in front of each deployed API, and refuses those that would wait too long.

What is beyond a laptop is answered early with 503 and ``Retry-After``, before any of it was executed. What is
let in is executed: at most ``width`` requests at once, in the order they came, and those that wait cost
neither a thread nor a process.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable

from infra.local.guard import App, Message, Receive, Scope, Send

PATIENCE_S = 5.0
"""How long a request may be expected to wait for its turn."""

ALWAYS = 64
"""Requests that may wait whatever is expected: one slow answer says little about the next."""

MOST = 2_000
"""Requests that may wait at all, which bounds memory."""

_API = re.compile(r"/_aws/execute-api/([0-9a-f]{8})/")
_FIRST_GUESS_S = 0.04
_WEIGHT = 0.05
"""Of the newest run's duration in their running mean."""


class Overloaded(Exception):
    """A request would wait for too long; ``retry_after_s`` is when another one would not."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class Lane:
    """The queue of one API; ``now`` is a clock in seconds."""

    def __init__(self, width: int, now: Callable[[], float] = time.monotonic) -> None:
        self._width = width
        self._now = now
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._mean_s = _FIRST_GUESS_S
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def expected_wait_s(self) -> float:
        """Return how long one that comes now would wait, as those before it take."""
        return self.waiting * self._mean_s / self._width

    async def enter(self) -> float:
        """Wait for one's turn and return when it began. Raises ``Overloaded`` at once, or not at all."""
        wait_s = self.expected_wait_s()
        if self.waiting >= MOST or (self.waiting >= ALWAYS and wait_s > PATIENCE_S):
            raise Overloaded(max(1, math.ceil(wait_s - PATIENCE_S)))
        if self.running < self._width and not self._waiting:
            self.running += 1
        else:
            await self._wait()
        return self._now()

    def leave(self, entered: float) -> None:
        """End a turn that began at ``entered``."""
        self._mean_s += _WEIGHT * (self._now() - entered - self._mean_s)
        self._pass_on()

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give a turn that ends to the first who still waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.running -= 1


class Lanes:
    """The ASGI application ``app``, whose deployed APIs serve ``width`` HTTP requests at once each."""

    def __init__(self, app: App, width: int) -> None:
        self._app = app
        self._lanes: defaultdict[str, Lane] = defaultdict(lambda: Lane(width))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in its turn; all that is not asked of a deployed API has none."""
        api = _API.match(scope["path"]) if scope["type"] == "http" else None
        if api is None:
            await self._app(scope, receive, send)
            return
        lane = self._lanes[api[1]]
        try:
            entered = await lane.enter()
        except Overloaded as refused:
            await _refuse(send, refused.retry_after_s)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            lane.leave(entered)


async def _refuse(send: Send, retry_after_s: int) -> None:
    problem = {
        "type": "/problems/overloaded",
        "title": "Overloaded",
        "status": 503,
        "detail": f"more requests wait than can be served in {PATIENCE_S:.0f} s; this one had no effect: "
        f"send it again in {retry_after_s} s",
        "retryAfter": retry_after_s,
    }
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(retry_after_s).encode()),
        (b"cache-control", b"no-store"),
    ]
    start: Message = {"type": "http.response.start", "status": 503, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
