"""Admission control: a queue in front of each deployed API that refuses requests which would wait too long.

Load beyond the machine's capacity is answered with 503 and ``Retry-After``, before anything is executed.
Admitted requests are executed, at most ``width`` at once, first come first served; waiting costs neither a
thread nor a process.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import deque
from collections.abc import Callable

from dexec.domain.error_code import ErrorCode
from infra.local.guard import App, Message, Receive, Scope, Send
from infra.local.ids import API_PATH
from infra.local.refusals import Refusal

PATIENCE_S = {"http": 5.0, "websocket": 10.0}
"""How long a request, or the opening of a socket, may be expected to wait for its turn.

Clients of HTTP wait for ten seconds or more; most that open a socket wait for ten.
"""

ALWAYS = 64
"""Requests that may wait whatever is expected: one slow answer says little about the next."""

MOST = 2_000
"""Requests that may wait at all, which bounds memory."""

_API = re.compile(f"{API_PATH}/")
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

    def __init__(self, width: int, patience_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._width = width
        self._patience_s = patience_s
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
        """Wait for a turn and return when it began. Raises ``Overloaded``, and then at once."""
        wait_s = self.expected_wait_s()
        if self.waiting >= MOST or (self.waiting >= ALWAYS and wait_s > self._patience_s):
            raise Overloaded(max(1, math.ceil(wait_s - self._patience_s)))
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
    """The ASGI application ``app``, whose deployed APIs serve ``width`` requests at once each.

    A WebSocket is a request until it is open.
    """

    def __init__(self, app: App, width: int) -> None:
        self._app = app
        self._width = width
        self._lanes: dict[tuple[str, str], Lane] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in its turn; all that is not asked of a deployed API has none."""
        kind = scope["type"]
        api = _API.match(scope["path"]) if kind in PATIENCE_S else None
        if api is None:
            await self._app(scope, receive, send)
            return
        lane = self._lanes.setdefault((api[1], kind), Lane(self._width, PATIENCE_S[kind]))
        try:
            turn = _Turn(lane, await lane.enter())
        except Overloaded as refused:
            await overloaded(refused.retry_after_s).send(scope, receive, send)
            return

        async def opened(message: Message) -> None:
            turn.end()
            await send(message)

        try:
            await self._app(scope, receive, opened if kind == "websocket" else send)
        finally:
            turn.end()


class _Turn:
    """A turn, which ends once."""

    def __init__(self, lane: Lane, entered: float) -> None:
        self._lane = lane
        self._entered = entered
        self._has_ended = False

    def end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._lane.leave(self._entered)


def overloaded(retry_after_s: int) -> Refusal:
    """Return what a request is refused with that would wait for too long."""
    detail = "more requests wait than can be served soon; this one had no effect"
    return Refusal(ErrorCode.OVERLOADED, detail, retry_after_s)
