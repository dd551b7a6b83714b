"""Notifies watchers of an order's events: concurrently with its execution, in order, at least once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.lifecycle import TERMINAL
from dexec.domain.order import Event
from dexec.ports import Clock, Deliveries, Delivery, EncodeEvents, Push, Watcher, Watching

OPENING_S = 30
"""For this long after connecting, API Gateway may answer 410 for a connection that is still being opened."""

LATE_S = 0.1
GATHER_S = 0.1
"""Events of an order that waited for over ``LATE_S`` are batched: those within ``GATHER_S`` of its start
are sent in one frame, which saves most frames of a busy system."""

MAX_PUSH_FAILURES = 5
"""A connection that failed this often in a row is closed, and deleted once it is closed."""

SLOW_S = 0.5
"""A connection whose last frame is still being sent this long after the end of an order is slow."""

SUSPECT_S = 0.1
"""How long the end of an order waits for connections that were slow, or failed, before."""

Wait = Callable[[Collection[Future[None]], float], object]
"""Waits until all futures are done, at most for the given number of seconds."""


@dataclass
class _Line:
    """The queue of one connection: its undelivered events, and whether a thread is sending them."""

    watcher: Watcher
    waiting: list[Event] = field(default_factory=list)
    busy: bool = False
    result: Delivery | None = None
    future: Future[None] = field(default_factory=Future)

    @property
    def is_suspect(self) -> bool:
        return self.watcher.push_failures > 0


class Notifier:
    """Pushes one order's events to its watchers while the order goes on.

    Each connection has a queue: one push at a time, and events that arrive during a slow push are sent in one
    frame. ``threads`` runs the pushes; nothing here waits for them before the end. ``encode`` makes a frame
    of events. ``gather_s`` is how long the first events of a late order are batched; its end is sent at once.

    Slow connections of one client must not occupy executors, or push threads, that others need: a connection
    that was slow, or failed, is a suspect until it receives a frame in time again. Suspects are served by
    ``slow_threads``, and the end of an order waits only ``SUSPECT_S`` for them. The sweeper delivers what
    they missed, with more time.
    """

    def __init__(
        self,
        push: Push,
        watching: Watching,
        clock: Clock,
        threads: Executor,
        encode: EncodeEvents,
        *,
        deadline_s: float,
        gather_s: float,
        slow_threads: Executor,
        waiting: Wait,
    ) -> None:
        self._push = push
        self._watching = watching
        self._clock = clock
        self._threads = threads
        self._encode = encode
        self._deadline_s = deadline_s
        self._gather_s = gather_s
        self._slow_threads = slow_threads
        self._wait = waiting
        self._is_patient = False
        self._gathered = threading.Event()
        self._is_late = False
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._frames: dict[tuple[int, int], tuple[bytes, int]] = {}
        self._last: Event | None = None
        self.failures = 0
        """How many connections did not receive all events, once the block has ended."""
        self.undelivered: frozenset[str] = frozenset()
        """Connections that did not receive all events and still exist."""
        self.error: Unavailable | OutcomeUnknown | None = None
        """Why undelivered events could not be recorded: all of them have to be sent again later."""

    @contextmanager
    def until(self, ends_at: datetime, *, patiently: bool = False) -> Iterator[Notifier]:
        """Wait for the pushes at the end of the block, but leave a second before ``ends_at``.

        ``patiently`` gives suspects as much time as any other connection, where no order waits for the block.
        Then records the deliveries; if the store is unavailable, events are delivered once more later.
        """
        self._is_patient = patiently
        try:
            yield self
        finally:
            left_s = (ends_at - self._clock.now()).total_seconds() - 1
            deliveries = self._finish(max(0.0, min(self._deadline_s, left_s)))
            if deliveries is not None:
                self.undelivered = deliveries.failed | deliveries.missed
                self.failures += len(self.undelivered)
                try:
                    self._watching.settle(deliveries)
                except (Unavailable, OutcomeUnknown) as exc:
                    self.error = exc if deliveries.failed | deliveries.missed else None

    def notify(self, events: Sequence[Event], watchers: Sequence[Watcher]) -> None:
        """Queue ``events`` of one order for each of ``watchers`` and return at once."""
        if self._last is None:
            self._is_late = self._clock.now() - events[0].at > timedelta(seconds=LATE_S)
        self._last = events[-1]
        if not self._is_late or self._last.status in TERMINAL:
            self._gathered.set()
        for watcher in watchers:
            with self._lock:
                line = self._lines.setdefault(watcher.connection_id, _Line(watcher))
                line.waiting.extend(events)
                start = not line.busy
                line.busy = True
            if start:
                is_apart = line.is_suspect and not self._is_patient
                threads = self._slow_threads if is_apart else self._threads
                line.future = threads.submit(self._drain, line)

    def _finish(self, timeout_s: float) -> Deliveries | None:
        """Wait for the pushes, at most ``timeout_s``, and return the deliveries."""
        self._gathered.set()
        if self._last is None or not self._lines:
            return None
        slow, overdue = self._wait_for_lines(timeout_s)
        with self._lock:
            results = {one: None if line.busy else line.result for one, line in self._lines.items()}
        ended: dict[Delivery | None, set[str]] = {None: set(), **{delivery: set() for delivery in Delivery}}
        recovered = set()
        for connection_id, delivery in results.items():
            failures = self._lines[connection_id].watcher.push_failures
            is_failure = delivery is Delivery.FAILED or (delivery is None and connection_id in overdue)
            is_last = is_failure and failures + 1 >= MAX_PUSH_FAILURES
            result = self._give_up(connection_id) if is_last else delivery
            ended[result].add(connection_id)
            if result is Delivery.DELIVERED and failures and connection_id not in slow:
                recovered.add(connection_id)
        return Deliveries(
            self._last.order_id,
            self._last.status in TERMINAL,
            delivered=frozenset(ended[Delivery.DELIVERED]),
            recovered=frozenset(recovered),
            failed=frozenset(ended[Delivery.FAILED]),
            gone=frozenset(ended[Delivery.GONE]),
            missed=frozenset(ended[None]),
            overdue=frozenset(overdue & ended[None]),
            slow=frozenset(slow & ended[Delivery.DELIVERED]),
        )

    def _wait_for_lines(self, timeout_s: float) -> tuple[set[str], set[str]]:
        """Wait for the queues; return the connections that were slow, and those that are overdue at the end.

        One whose push has not begun is neither.
        """
        waited_for = [line for line in self._lines.values() if self._is_patient or not line.is_suspect]
        others = [line for line in self._lines.values() if line.is_suspect and not self._is_patient]
        in_time_s = min(SLOW_S, timeout_s)
        self._wait([line.future for line in waited_for], in_time_s)
        slow = _being_pushed_to(waited_for)
        self._wait([line.future for line in waited_for], timeout_s - in_time_s)
        overdue = _being_pushed_to(waited_for)
        self._wait([line.future for line in others], min(SUSPECT_S, timeout_s))
        for line in self._lines.values():
            line.future.cancel()
        return slow, overdue

    def _give_up(self, connection_id: str) -> Delivery:
        """Close a connection, so that its client reconnects; ``FAILED`` if it may still be open.

        One that may be open is kept: deleted, it would look alive to its client and receive nothing.
        """
        if self._push.close(connection_id) is Delivery.FAILED:
            return Delivery.FAILED
        self.failures += 1
        return Delivery.GONE

    def _drain(self, line: _Line) -> None:
        """Post one event (all, of a late order), then all that was queued meanwhile, until none is left."""
        self._gathered.wait(self._gather_s)
        self._gathered.set()
        most = None if self._is_late else 1
        while True:
            with self._lock:
                events = line.waiting[:most]
                if not events or line.result in (Delivery.GONE, Delivery.FAILED):
                    line.busy = False
                    return
            most = None
            frame, taken = self._frame(events)
            result = self._post(line.watcher, frame)
            with self._lock:
                line.result = result
                if result is None:
                    # Still opening: sent with the next event.
                    line.busy = False
                    return
                del line.waiting[:taken]

    def _frame(self, events: Sequence[Event]) -> tuple[bytes, int]:
        """Return what ``encode`` does; connections that receive the same events share it."""
        span = events[0].seq, events[-1].seq
        found = self._frames.get(span)
        if found is None:
            found = self._frames[span] = self._encode(events)
        return found

    def _post(self, watcher: Watcher, frame: bytes) -> Delivery | None:
        delivery = self._push.post(watcher.connection_id, frame)
        opening = self._clock.now() - watcher.connected_at < timedelta(seconds=OPENING_S)
        if delivery is Delivery.GONE and opening:
            return None
        return delivery


def _being_pushed_to(lines: Sequence[_Line]) -> set[str]:
    return {line.watcher.connection_id for line in lines if line.future.running()}
