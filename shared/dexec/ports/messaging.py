"""The ports that send messages: the order queue, pushes to connections, replay of past events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Protocol

from dexec.domain.order import Event
from dexec.ports.readiness import Probe
from dexec.ports.watching import Connection


class Queue(Probe, Protocol):
    """The queue that feeds the executor."""

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:
        """Put an order's message on the queue; raises ``QueueUnavailable``."""

    def send_all(self, orders: Sequence[tuple[str, str]]) -> None:
        """Put messages of orders, with their clients, on the queue at once; they are not delayed.

        Raises ``QueueUnavailable`` when some are not queued.
        """

    def postpone(self, receipt: str, delay_s: int) -> None:
        """Make a received message visible again after ``delay_s``."""

    def is_empty(self) -> bool:
        """Whether the queue shows no visible message."""


EncodeEvents = Callable[[Sequence[Event]], tuple[bytes, int]]
"""Makes one frame of as many of the first events of an order as fit, and says how many these are."""


class Delivery(Enum):
    """The result of one frame, or of a request to close: done, no such connection, or unknown."""

    DELIVERED = auto()
    GONE = auto()
    FAILED = auto()


class Push(Protocol):
    """API Gateway's connection management."""

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Send one frame to a connection; never raises for a fault of the connection itself."""

    def close(self, connection_id: str) -> Delivery:
        """Close a connection, so that its client reconnects; never raises.

        ``FAILED`` means that it may still be open.
        """


class EventReplay(Protocol):
    """Sends a connection the past events of an order, once the handler that opens it has returned."""

    def send_soon(self, order_id: str, connection: Connection) -> None:
        """Subscribe a connection that is still opening to an order; raises ``Unavailable``."""


class Starter(Protocol):
    """Starts the function that ticks a shard of books, beside its schedule."""

    def start(self, shard: int, *, scheduled: bool = False) -> None:
        """Have a shard ticked soon; raises ``Unavailable``.

        A ``scheduled`` function takes over from the one that ticks the shard now.
        """
