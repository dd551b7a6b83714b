"""WebSocket connections and subscriptions, and the replay of past events to a new subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dexec.domain.errors import NO_SUCH_ORDER, ConnectionUnknown, NotFound, TooManyConnections
from dexec.domain.ids import is_order_id
from dexec.domain.order import Event, Order
from dexec.ports import (
    ApiKey,
    Clock,
    Connection,
    Delivery,
    EncodeEvents,
    EventReplay,
    MostConnections,
    Orders,
    Push,
    Watching,
)

OPENING_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Pauses between posts to a connection that is still opening and answers 410: after these it is gone."""

SETTLE_S = 0.01
"""Past events are sent so much later: a connection opens once ``$connect`` has been answered."""

MAX_KNOWN = 10_000
KNOWN_S = 60
"""How long a connection is assumed to be stored; what it asks for is checked in any case."""


@dataclass(frozen=True, slots=True)
class WatchOrders:
    """The use case."""

    orders: Orders
    watching: Watching
    push: Push
    event_replay: EventReplay
    clock: Clock
    most: MostConnections
    encode: EncodeEvents
    _known: dict[str, tuple[Connection, datetime]] = field(default_factory=dict)

    def connect(self, connection_id: str, caller: ApiKey, *, stream: bool, order_id: str | None) -> None:
        """Store a new connection, which watches ``order_id``, or with ``stream`` all its client's orders.

        Raises ``TooManyConnections``, ``Unavailable`` and ``OutcomeUnknown``: the connection is to be refused
        then.
        """
        now = self.clock.now()
        connection = Connection(connection_id, caller.client_id, caller.key_hash, stream, now)
        if not self.watching.connect(connection, self.most):
            most, kind = (self.most.streams, " with stream=all") if stream else (self.most.in_all, "")
            raise TooManyConnections(
                f"{caller.client_id} has the most connections{kind} that a client may have, {most}, or "
                f"{self.most.in_all} in all; close one first"
            )
        if order_id is not None:
            self.event_replay.send_soon(order_id, connection)

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection."""
        self._known.pop(connection_id, None)
        self.watching.disconnect(connection_id)

    def connection(self, connection_id: str, max_age_s: float = KNOWN_S) -> Connection:
        """Return a connection, as it was read within the last ``max_age_s``. Raises ``ConnectionUnknown``."""
        now = self.clock.now()
        known = self._known.get(connection_id)
        if known is not None and now - known[1] < timedelta(seconds=max_age_s):
            return known[0]
        found = self.watching.connection(connection_id)
        if found is None:
            raise ConnectionUnknown
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[connection_id] = (found, now)
        return found

    def turn_away(self, connection_id: str, frame: bytes) -> None:
        """Send a last frame to a connection that is not stored and close it: its client reconnects."""
        self._known.pop(connection_id, None)
        self.reply(connection_id, frame)
        self.push.close(connection_id)

    def replay_events(self, order_id: str, client_id: str, connection_id: str) -> None:
        """Watch an order over a connection that has just been let in. Raises what ``subscribe`` does.

        What happened so far is posted until the connection takes it, which shows that it is open, and only
        then is the order watched: otherwise an executor could meet 410 with the order's last event and leave
        it to the sweeper. What happened meanwhile follows. An order that is over need not be watched.
        """
        self.clock.sleep(SETTLE_S)
        found = self.orders.find(order_id, client_id) if is_order_id(order_id) else None
        if found is None:
            raise NotFound(NO_SUCH_ORDER)
        order, events = found
        is_sent = self._send_all(connection_id, self._after(0, order, events), OPENING_PAUSES_S)
        if not (is_sent and order.is_terminal):
            self.subscribe(order_id, client_id, connection_id, events[-1].seq if is_sent else 0)

    def subscribe(self, order_id: str, client_id: str, connection_id: str, after_seq: int) -> None:
        """Watch an order from now on and send what happened after ``after_seq``, in as few frames as hold it.

        The watcher is committed before the events are read, and an executor commits an event before it
        reads the watchers, so no event falls between the two. Raises ``NotFound``, ``ConnectionUnknown``.
        """
        found = None
        if is_order_id(order_id):
            found = self.watching.watch(order_id, client_id, connection_id)
        if found is None:
            raise NotFound(NO_SUCH_ORDER)
        order, events = found
        if self._send_all(connection_id, self._after(after_seq, order, events)) and order.is_terminal:
            self.watching.unwatch(order_id, connection_id)

    def _after(self, seq: int, order: Order, last: Sequence[Event]) -> list[Event]:
        """Return the events of an order after a seq, of which ``last`` are the last: without a gap.

        An order that waits may have thousands: those before the last ones are read page by page.
        """
        events: list[Event] = []
        while seq + 1 < last[0].seq:
            found = self.orders.find(order.id, order.client_id, seq)
            if found is None or not found[1]:
                break
            events += found[1]
            seq = events[-1].seq
        return [*events, *(event for event in last if event.seq > seq)]

    def unsubscribe(self, order_id: str, connection_id: str) -> None:
        """Stop watching an order."""
        if is_order_id(order_id):
            self.watching.unwatch(order_id, connection_id)

    def reply(self, connection_id: str, frame: bytes, pauses_s: Sequence[float] = ()) -> None:
        """Send a frame to the connection that asked; after each pause once more while it is not there."""
        self._post(connection_id, frame, pauses_s)

    def _send_all(self, connection_id: str, events: Sequence[Event], pauses_s: Sequence[float] = ()) -> bool:
        """Send events in frames; False where one did not arrive, after which none was sent."""
        while events:
            frame, taken = self.encode(events)
            if self._post(connection_id, frame, pauses_s) is not Delivery.DELIVERED:
                return False
            events = events[taken:]
        return True

    def _post(self, connection_id: str, frame: bytes, pauses_s: Sequence[float]) -> Delivery:
        """Post a frame, and after each pause once more while the connection is not there."""
        delivery = self.push.post(connection_id, frame)
        for pause_s in pauses_s:
            if delivery is not Delivery.GONE:
                break
            self.clock.sleep(pause_s)
            delivery = self.push.post(connection_id, frame)
        return delivery
