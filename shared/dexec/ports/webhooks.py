"""The ports of webhooks: the store of endpoints and deliveries, their queue, and what sends to endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.order import Event
from dexec.domain.webhooks import DeliveryState, Recorded, Try, Webhook


@dataclass(frozen=True, slots=True)
class Line:
    """What one endpoint is to get of one order: events after ``sent_seq`` go out one after the other.

    ``failures`` counts the failed tries of the next event. ``is_over``: the order has ended, so that no
    further event comes after ``events``, which are those that ``sent_seq`` leaves, each with what is recorded
    of its delivery.
    """

    webhook: Webhook
    order_id: str
    token: str
    sent_seq: int
    failures: int
    events: tuple[tuple[Event, DeliveryState | None], ...]
    is_over: bool

    @property
    def wanted(self) -> tuple[Event, ...]:
        """Its events that the endpoint is to get, in order."""
        return tuple(event for event, state in self.events if self.webhook.wants(event.status, state))


@dataclass(frozen=True, slots=True)
class Busy:
    """A line that may not be taken yet: it is due at ``until``, when its endpoint ``rests`` or very soon."""

    until: datetime
    rests: bool


@dataclass(frozen=True, slots=True)
class Hint:
    """There may be something to send to an endpoint of an order, or a test under an id of its own."""

    hook_id: str
    order_id: str
    client_id: str


class Webhooks(Protocol):
    """Endpoints of clients, as they manage them."""

    def add(self, webhook: Webhook, most: int) -> bool:
        """Store an endpoint; False when its client has ``most`` already."""

    def of_client(self, client_id: str) -> tuple[Webhook, ...]:
        """Return a client's endpoints, oldest first."""

    def find(self, hook_id: str) -> Webhook | None:
        """Return an endpoint, of any client."""

    def delete(self, hook_id: str, client_id: str) -> bool:
        """Delete an endpoint: nothing is sent to it from now on; False if the client has no such."""

    def deliveries(
        self, hook_id: str, state: DeliveryState | None, before: tuple[str, int] | None, limit: int
    ) -> tuple[Recorded, ...]:
        """Return an endpoint's deliveries, latest order first, those before an order and ``seq``."""

    def replay(self, hook_id: str, order_id: str, seq: int, now: datetime) -> bool:
        """Have one recorded delivery sent again; False if it is not recorded, or its order is gone."""

    def replay_failed(self, hook_id: str, now: datetime, limit: int) -> tuple[str, ...]:
        """Have what failed or waits for another try sent now, some of it; return the order of each."""


class Outbox(Protocol):
    """What is to be sent to endpoints: a line of events for each endpoint and order, which one sender leases.

    ``Orders.place`` makes the lines of a new order, in the statement that stores it.
    """

    def take(
        self, hint: Hint, token: str, now: datetime, lease_until: datetime, most: int
    ) -> Line | Busy | None:
        """Lease a line, commit, and only then read its events; None when there is nothing to do for it now.

        ``most`` is how many lines of its client may be leased at once; those that are taken at the same
        moment may exceed it. Whoever has a line that another was refused for asks for it afterwards, with
        ``next_due``. A line whose endpoint rests is made due when that ends.
        """

    def record(self, line: Line, entry: Recorded, webhook: Webhook) -> bool:
        """Record a try, where ``line`` stands after it, and how ``line.webhook`` is after it: ``webhook``.

        ``entry.tries`` counts for nothing here: there is one more than before. False when the lease was lost:
        nothing of the line is recorded then.
        """

    def retry(self, line: Line, due_at: datetime, queued_at: datetime) -> None:
        """Release the lease; the line is due again at ``due_at``, for which a message is sent or not."""

    def leave(self, line: Line) -> bool:
        """Release the lease, commit, and only then look: True when an event came in meanwhile."""

    def finish(self, line: Line) -> None:
        """Delete a line that has nothing to come."""

    def next_due(self, client_id: str, now: datetime) -> Hint | None:
        """Return a line of a client that is due, unleased and has something to send: the longest due.

        Of an endpoint with a long backlog, it may be the longest due of the oldest orders in it alone.
        """

    def record_ping(self, ping: Recorded, seen: Webhook, webhook: Webhook) -> None:
        """Record a test and how its endpoint, ``seen`` before, is after it."""

    def requeue(self, now: datetime, grace_s: float, stale_s: float, limit: int) -> tuple[Hint, ...]:
        """Return lines that are due and whose message seems to be gone, noting that they are queued again.

        Round robin over endpoints, each with its longest due first.
        """

    def forget(self, before: datetime, limit: int) -> int:
        """Delete some records of deliveries that were last tried before a time; return how many."""

    def drop_orphans(self, limit: int) -> int:
        """Delete some lines whose endpoint, or order, is gone; return how many."""

    def disabled(self) -> int:
        """Return how many endpoints are disabled."""


class HookQueue(Protocol):
    """The queue that feeds the sender."""

    def send(self, hint: Hint, delay_s: int) -> None:
        """Put a message on the queue; raises ``QueueUnavailable``."""


class Post(Protocol):
    """Sends to endpoints, wherever they may be."""

    def check(self, url: str) -> None:
        """Raise ``Invalid`` if this is no address that may ever be sent to; nothing is connected to."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Try:
        """Post once, within a time limit; never raises for a fault of the endpoint or its address."""


EncodeWebhook = Callable[[Event], tuple[str, bytes]]
"""Makes the type and the body of an event's delivery."""
