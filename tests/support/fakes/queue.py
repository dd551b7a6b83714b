"""The ``Queue`` port in memory, with what SQS does behind it: visibility, delays, receives, redrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from threading import RLock

from dexec.domain.errors import QueueUnavailable
from dexec.ports import Clock


@dataclass
class Message:
    """A message as it was received; ``receipt`` holds until the next receive."""

    order_id: str
    client_id: str
    visible_at: datetime
    receives: int = 0
    receipt: str = ""


class FakeQueue:
    """A standard queue; ``dead_letters`` takes what was received more than ``max_receives`` times."""

    def __init__(
        self,
        clock: Clock,
        dead_letters: FakeQueue | None = None,
        max_receives: int = 10,
        visibility_s: float = 30,
    ) -> None:
        self._clock = clock
        self._dead_letters = dead_letters
        self._max_receives = max_receives
        self._visibility = timedelta(seconds=visibility_s)
        self._receipts = count(1)
        self._lock = RLock()
        self.messages: list[Message] = []
        self.is_away = False

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:
        assert delay_s >= 0, "SQS refuses it"
        self._check()
        visible_at = self._clock.now() + timedelta(seconds=min(delay_s, 900))
        with self._lock:
            self.messages.append(Message(order_id, client_id, visible_at))

    def send_all(self, orders: Sequence[tuple[str, str]]) -> None:
        for order_id, client_id in orders:
            self.send(order_id, client_id, 0)

    def postpone(self, receipt: str, delay_s: int) -> None:
        self._check()
        with self._lock:
            for message in self.messages:
                if message.receipt == receipt:
                    message.visible_at = self._clock.now() + timedelta(seconds=delay_s)

    def is_empty(self) -> bool:
        self._check()
        return not self._visible()

    def probe(self) -> None:
        self._check()

    def receive(self) -> Message | None:
        """Receive a visible message, which hides it for a while; None when there is none."""
        with self._lock:
            for message in self._visible():
                message.receives += 1
                if self._dead_letters is not None and message.receives > self._max_receives:
                    self.messages.remove(message)
                    self._dead_letters.send(message.order_id, message.client_id, 0)
                    continue
                message.visible_at = self._clock.now() + self._visibility
                message.receipt = f"receipt-{next(self._receipts)}"
                return message
        return None

    def delete(self, receipt: str) -> None:
        """Remove a message; nothing happens when its receipt does not hold any more."""
        with self._lock:
            self.messages = [message for message in self.messages if message.receipt != receipt]

    def next_visible_at(self) -> datetime | None:
        """Return when the next message shows."""
        with self._lock:
            return min((message.visible_at for message in self.messages), default=None)

    def _visible(self) -> list[Message]:
        now = self._clock.now()
        return [message for message in self.messages if message.visible_at <= now]

    def _check(self) -> None:
        if self.is_away:
            raise QueueUnavailable("the order queue cannot be reached")
