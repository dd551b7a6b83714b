"""What one run of the bench does, and to which deployment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dexec_client.raw.retry import TRIES


class Over(StrEnum):
    """How orders are placed."""

    http = "http"
    websocket = "websocket"


class Sockets(StrEnum):
    """Who is notified: ``watchers`` sockets receive all orders, or every order gets a socket of its own."""

    stream = "stream"
    one_per_order = "one-per-order"


@dataclass(frozen=True)
class Plan:
    """A run. ``rate`` is in orders a second on a fixed schedule; None is a burst: all at once.

    ``connections`` bounds the HTTP connections of the load client. ``warm_up`` orders go before and are not
    measured. ``cold``: nothing goes before, not even a request, and each order is sent once, so that an error
    is counted and not repaired. ``silence_s`` is how long the run waits for a next frame before it gives up
    on orders whose last event is missing: longer than the sweeper takes to deliver it.
    """

    orders: int = 500
    rate: float | None = None
    over: Over = Over.http
    watchers: int = 1
    sockets: Sockets = Sockets.stream
    connections: int = 8
    warm_up: int = 40
    cold: bool = False
    silence_s: float = 90

    @property
    def tries(self) -> int:
        """How often an order is sent while its answer is lost."""
        return 1 if self.cold else TRIES

    def intended_s(self, number: int) -> float:
        """Return when order ``number`` is to be sent, in seconds after the start."""
        return 0.0 if self.rate is None else number / self.rate


@dataclass(frozen=True)
class Target:
    """A deployment and the key to use; ``latency`` is its simulated latency, where that is known."""

    http_url: str
    websocket_url: str
    api_key: str
    latency: str | None = None
