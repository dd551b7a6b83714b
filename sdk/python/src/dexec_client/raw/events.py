"""Orders and de-duplicates a watcher's events: each event of each order once, by its seq."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from dexec_client.raw.json_types import Document

TERMINAL = frozenset({"confirmed", "failed", "cancelled", "expired"})
_NAMED = frozenset({"type", "orderId", "seq", "status", "step", "attempt", "at", "earlier"})


@dataclass(frozen=True)
class Event:
    """One step of an order; ``at`` is a time in ISO 8601, ``detail`` what only this kind of step has."""

    order_id: str
    seq: int
    status: str
    step: str | None
    attempt: int
    at: str
    detail: Document

    @property
    def terminal(self) -> bool:
        """Whether it is the order's last."""
        return self.status in TERMINAL

    def document(self) -> Document:
        """Return it as the API names its fields."""
        named: Document = {"orderId": self.order_id, "seq": self.seq, "status": self.status}
        return {**named, "step": self.step, "attempt": self.attempt, "at": self.at, **self.detail}


def from_frame(frame: Document) -> list[Event]:
    """Return the events of a ``status`` frame, oldest first."""
    order_id = str(frame["orderId"])
    earlier = cast("list[Document]", frame.get("earlier", []))
    return [_event(order_id, fields) for fields in (*earlier, frame)]


def _event(order_id: str, fields: Document) -> Event:
    return Event(
        order_id=order_id,
        seq=int(str(fields["seq"])),
        status=str(fields["status"]),
        step=cast("str | None", fields.get("step")),
        attempt=int(str(fields.get("attempt", 0))),
        at=str(fields.get("at", "")),
        detail={name: value for name, value in fields.items() if name not in _NAMED},
    )


class Sequencer:
    """Takes events as they arrive (repeated, late, in any order) and gives each out once, in order."""

    def __init__(self) -> None:
        self._last: dict[str, int] = defaultdict(int)
        self._early: dict[str, dict[int, Event]] = defaultdict(dict)

    def take(self, events: list[Event]) -> Iterator[Event]:
        """Accept events; yield those whose turn it is now."""
        for event in events:
            if event.seq > self._last[event.order_id]:
                self._early[event.order_id][event.seq] = event
        for order_id in dict.fromkeys(event.order_id for event in events):
            yield from self._release(order_id)

    def skip(self, order_id: str, seq: int) -> None:
        """Take the order's events up to ``seq`` as given out."""
        self._last[order_id] = max(self._last[order_id], seq)

    def rewind(self, order_id: str, seq: int) -> None:
        """Give the order's events after ``seq`` out once more, where they were."""
        self._last[order_id] = min(self._last.get(order_id, seq), seq)

    def forget(self, order_id: str) -> None:
        """Drop what is known of an order."""
        self._last.pop(order_id, None)
        self._early.pop(order_id, None)

    def last(self, order_id: str) -> int:
        """Return the seq up to which the order's events were given out."""
        return self._last[order_id]

    def _release(self, order_id: str) -> Iterator[Event]:
        waiting = self._early[order_id]
        while (event := waiting.pop(self._last[order_id] + 1, None)) is not None:
            self._last[order_id] = event.seq
            yield event
