"""The ``Push`` and ``EventReplay`` ports in memory: clients that may be gone, opening, failing or hanging."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from threading import Lock

from dexec.ports import Connection, Delivery

Frame = dict[str, object]


class FakePush:
    """Connections by id; one that is in no set takes its frames."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.failing: set[str] = set()
        self.unclosable: set[str] = set()
        self.hang: Callable[[str], None] = lambda connection_id: None
        self.frames: dict[str, list[Frame]] = defaultdict(list)
        self._lock = Lock()

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        self.hang(connection_id)
        if connection_id in self.gone:
            return Delivery.GONE
        if connection_id in self.failing:
            return Delivery.FAILED
        with self._lock:
            self.frames[connection_id].append(json.loads(frame))
        return Delivery.DELIVERED

    def close(self, connection_id: str) -> Delivery:
        if connection_id in self.gone:
            return Delivery.GONE
        if connection_id in self.unclosable:
            return Delivery.FAILED
        self.gone.add(connection_id)
        return Delivery.DELIVERED

    def seqs(self, connection_id: str, order_id: str) -> list[int]:
        """Return the events of an order that a connection was sent, in the order in which they came."""
        return [
            int(str(event["seq"]))
            for frame in list(self.frames[connection_id])
            if frame["type"] == "status" and frame["orderId"] == order_id
            for event in (*_earlier(frame), frame)
        ]


def _earlier(frame: Frame) -> list[Frame]:
    earlier = frame.get("earlier", [])
    assert isinstance(earlier, list)
    return earlier


class FakeEventReplay:
    """Keeps what is to be sent soon."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, Connection]] = []

    def send_soon(self, order_id: str, connection: Connection) -> None:
        self.waiting.append((order_id, connection))
