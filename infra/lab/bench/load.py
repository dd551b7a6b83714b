"""One run of the load: orders on schedule, watchers listening, and what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter, time

from dexec.api.fields import MAX_PAGE
from dexec_client.errors import DexecError as SdkError
from dexec_client.raw.json_types import Document
from dexec_client.raw.retry import LOST, new_key, pause_s
from infra.lab.bench import invoke
from infra.lab.bench.collector import Collector
from infra.lab.bench.kept_http import KeptHttp, NoAnswer
from infra.lab.bench.plan import Over, Plan, Sockets, Target
from infra.lab.bench.sockets import Watchers

OPENING_AT_ONCE = 16
"""Of the sockets that are opened before the clock starts: more would only wait for each other."""

TIMER_S = 0.0015
"""How early a wait for an order's time leaves its timer: those of asyncio end up to a millisecond late."""

LINGER_S = 0.3
"""After the last expected frame: whether anything comes twice."""

Progress = Callable[[int, int], None]
"""Called with how many orders were answered, and how many (order, watcher) pairs have ended."""


@dataclass
class Placed:
    """One order of the run; times are ``perf_counter`` seconds, ``order_id`` None where it was refused.

    ``tries`` counts how often it was sent, under one idempotency key: an order that was accepted behind an
    error is found by the next try. ``behind_error`` is the status of an order that stands although its client
    got nothing but errors, ``socket_refusal`` why the order's own socket was not opened.
    """

    number: int
    intended: float
    answered: float | None = None
    order_id: str | None = None
    starts_at: str | None = None
    refusal: str | None = None
    key: str = field(default_factory=new_key)
    tries: int = 0
    behind_error: str | None = None
    socket_refusal: str | None = None


@dataclass(frozen=True)
class Run:
    """What a run left: ``started`` on the clock of ``perf_counter``, ``started_at`` in seconds since 1970."""

    plan: Plan
    placed: list[Placed]
    collector: Collector
    watchers: int
    started: float
    started_at: float
    dropped: int


async def run(plan: Plan, target: Target, progress: Progress = lambda *_: None) -> Run:
    """Run a plan. Raises ``SdkError`` where the deployment refuses the key."""
    load = _Load(plan, target)
    async with AsyncExitStack() as stack:
        headers = {"x-api-key": target.api_key, "content-type": "application/json"}
        load.http = await stack.enter_async_context(KeptHttp(target.http_url, headers, plan.connections))
        load.sockets = await stack.enter_async_context(Watchers(target, load.collector, load.heard_other))
        await load.open()
        return await load.go(progress)


def _order(placed: Placed) -> Document:
    """Return an order's body; its own id is its key, by which it is found where its answer was an error."""
    return {**invoke.order(placed.number), "clientOrderId": placed.key}


async def _until(moment: float) -> None:
    """Wait for a time on the clock of ``perf_counter``: what a timer is late would count as latency."""
    await asyncio.sleep(max(0.0, moment - TIMER_S - perf_counter()))
    while perf_counter() < moment:
        await asyncio.sleep(0)


class _Load:
    http: KeptHttp
    sockets: Watchers

    def __init__(self, plan: Plan, target: Target) -> None:
        self._plan = plan
        self._target = target
        self.collector = Collector()
        self._placed: list[Placed] = []
        self._acks: dict[str, asyncio.Future[tuple[Document, float]]] = {}
        self._streams = plan.watchers if plan.sockets is Sockets.stream else 0

    async def open(self) -> None:
        """Open what is open before the clock starts; unless all is to be cold, one request warms the path."""
        try:
            await self.http.open(min(self._plan.connections, self._plan.orders))
            if not self._plan.cold:
                await self.http.request("GET", "/api/orders?limit=1")
        except NoAnswer as exc:
            raise SdkError(str(exc)) from exc
        slots = asyncio.Semaphore(OPENING_AT_ONCE)
        await asyncio.gather(*(self._open_stream(slots) for _ in range(self._streams)))
        if self._plan.over is Over.websocket and not self._streams:
            await self.sockets.open()

    async def _open_stream(self, slots: asyncio.Semaphore) -> None:
        async with slots:
            await self.sockets.open(stream="all")

    async def go(self, progress: Progress) -> Run:
        """Send everything on schedule, and wait for the events."""
        started, started_at = perf_counter(), time()
        self._placed = [
            Placed(number, started + self._plan.intended_s(number)) for number in range(self._plan.orders)
        ]
        watcher = asyncio.create_task(self._report(progress))
        await asyncio.gather(*(self._place(placed) for placed in self._placed))
        await self._until_delivered()
        watcher.cancel()
        await self._look_behind_errors()
        progress(self._answered(), self.collector.ends)
        watchers = self._streams or 1
        dropped = self.sockets.dropped
        return Run(self._plan, self._placed, self.collector, watchers, started, started_at, dropped)

    def heard_other(self, frame: Document, now: float) -> None:
        """Take a frame that is no status: the answer to an ``execute``."""
        answer = self._acks.get(str(frame.get("id")))
        if answer is not None and not answer.done():
            answer.set_result((frame, now))

    async def _place(self, placed: Placed) -> None:
        await _until(placed.intended)
        send = self._send_over_http if self._plan.over is Over.http else self._send_over_websocket
        while True:
            placed.tries += 1
            placed.refusal, is_lost = await send(placed)
            if not is_lost or placed.tries == self._plan.tries:
                break
            await asyncio.sleep(pause_s(placed.tries))
        if placed.order_id is not None and not self._streams and self._plan.over is Over.http:
            try:
                await self.sockets.open(orderId=placed.order_id)
            except SdkError as exc:
                placed.socket_refusal = str(exc)

    async def _send_over_http(self, placed: Placed) -> tuple[str | None, bool]:
        """Send an order once; return why it was refused, if it was, and whether the answer was lost."""
        body = json.dumps(_order(placed)).encode()
        try:
            answer = await self.http.request("POST", "/api/orders/execute", body, placed.key)
        except NoAnswer as exc:
            return str(exc), True
        placed.answered = perf_counter()
        if answer.status == 202:
            self._accepted(placed, json.loads(answer.body))
            return None, False
        return f"{answer.status} {answer.body[:200].decode(errors='replace')}", answer.status in LOST

    async def _send_over_websocket(self, placed: Placed) -> tuple[str | None, bool]:
        """Send an order once; return why it was refused, if it was, and whether the answer was lost."""
        acked: asyncio.Future[tuple[Document, float]] = asyncio.get_running_loop().create_future()
        self._acks[str(placed.number)] = acked
        frame: Document = {"action": "execute", "id": str(placed.number), "idempotencyKey": placed.key}
        await self.sockets.send({**frame, "order": _order(placed)})
        try:
            async with asyncio.timeout(self._plan.silence_s):
                answer, placed.answered = await acked
        except TimeoutError:
            # Nothing else comes over this socket either: the run is over for it.
            return f"no ack within {self._plan.silence_s:.0f} s", False
        if answer.get("type") == "ack":
            self._accepted(placed, answer)
            return None, False
        return str(answer.get("message")), answer.get("status") in LOST

    def _accepted(self, placed: Placed, answer: Document) -> None:
        placed.order_id, placed.starts_at = str(answer["orderId"]), str(answer["startsAt"])

    async def _look_behind_errors(self) -> None:
        """Find the orders that are stored although their clients got an error: by their own ids."""
        refused = {placed.key: placed for placed in self._placed if placed.order_id is None}
        pages, cursor = self._plan.orders // MAX_PAGE + 2, ""
        while refused and pages:
            path = f"/api/orders?limit={MAX_PAGE}{cursor}"
            try:
                answer = await self.http.request("GET", path)
            except NoAnswer as exc:
                raise SdkError(f"whether refused orders were executed is not known: {exc}") from exc
            if answer.status != HTTPStatus.OK:
                raise SdkError(f"whether refused orders were executed is not known: {answer.status}")
            page = json.loads(answer.body)
            for order in page["orders"]:
                if (placed := refused.pop(str(order["clientOrderId"]), None)) is not None:
                    placed.behind_error = str(order["status"])
            if page["nextCursor"] is None:
                break
            pages, cursor = pages - 1, f"&cursor={page['nextCursor']}"

    async def _until_delivered(self) -> None:
        """Wait until every watcher has the last event of every accepted order, or no more events arrive."""
        received, silent_since = self.collector.frames, perf_counter()
        while not self._all_delivered() and perf_counter() - silent_since < self._plan.silence_s:
            await asyncio.sleep(0.02)
            if self.collector.frames != received:
                received, silent_since = self.collector.frames, perf_counter()
        await asyncio.sleep(LINGER_S)

    def _all_delivered(self) -> bool:
        ids = [placed.order_id for placed in self._placed if placed.order_id is not None]
        pairs = len(ids) * (self._streams or 1)
        if self.collector.ends < pairs:
            return False
        # Others may use the same key: their orders end as well.
        ended = sum(received.ended for one in ids for received in self.collector.received[one].values())
        return ended == pairs

    def _answered(self) -> int:
        return sum(placed.answered is not None for placed in self._placed)

    async def _report(self, progress: Progress) -> None:
        while True:
            progress(self._answered(), self.collector.ends)
            await asyncio.sleep(0.2)
