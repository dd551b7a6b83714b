"""Lets clients manage their endpoints: create, list, delete, see deliveries, have them sent again, test."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from dexec.domain.errors import Invalid, NotFound, TooManyWebhooks
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import (
    DeliveryState,
    Recorded,
    Webhook,
    delivery_id,
    hook_id,
    is_hook_id,
    is_ping_id,
    new_secret,
    parse_delivery_id,
    ping_id,
)
from dexec.ports import ApiKey, Clock, Hint, HookQueue, Post, Webhooks

MOST_REPLAYED = 500
"""Deliveries that one call has sent again: each may change two rows, of 3,000 in a transaction."""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, latest order first, and where the next page begins."""

    deliveries: tuple[Recorded, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ManageWebhooks:
    """The use case; ``randomness`` returns so many bytes, ``most`` bounds the endpoints of a client.

    Every method raises ``NotFound`` for an endpoint that the client does not have.
    """

    webhooks: Webhooks
    queue: HookQueue
    post: Post
    clock: Clock
    randomness: Callable[[int], bytes]
    most: int

    def create(self, caller: ApiKey, url: str, events: Collection[Status]) -> Webhook:
        """Store an endpoint for orders placed from now on; raises ``Invalid`` and ``TooManyWebhooks``.

        It ends with the caller's key.
        """
        self.post.check(url)
        webhook = Webhook(
            id=hook_id(self.randomness(16)),
            client_id=caller.client_id,
            key_hash=caller.key_hash,
            url=url,
            events=frozenset() if set(events) == set(Status) else frozenset(events),
            secret=new_secret(self.randomness(32)),
            created_at=self.clock.now(),
        )
        if not self.webhooks.add(webhook, self.most):
            raise TooManyWebhooks(
                f"a client may have {self.most} webhooks, and has as many: delete one of them first"
            )
        return webhook

    def of_client(self, client_id: str) -> tuple[Webhook, ...]:
        """Return a client's endpoints, oldest first."""
        return self.webhooks.of_client(client_id)

    def delete(self, of_hook: str, client_id: str) -> None:
        """Delete an endpoint; what is under way to it may still arrive."""
        if not is_hook_id(of_hook) or not self.webhooks.delete(of_hook, client_id):
            raise _not_found()

    def deliveries(
        self, of_hook: str, client_id: str, state: DeliveryState | None, limit: int, cursor: str | None
    ) -> DeliveryPage:
        """Return up to ``limit`` deliveries before ``cursor``, a former page's ``next_cursor``."""
        webhook = self._own(of_hook, client_id)
        before = None if cursor is None else parse_delivery_id(cursor)
        if cursor is not None and before is None:
            raise Invalid("is not a cursor from a page of deliveries", "cursor")
        found = self.webhooks.deliveries(webhook.id, state, before, limit + 1)
        page = found[:limit]
        last = delivery_id(page[-1].order_id, page[-1].seq) if len(found) > limit else None
        return DeliveryPage(page, last)

    def replay(self, of_hook: str, client_id: str, delivery: str | None) -> int:
        """Have one delivery sent again, or all that failed or wait; return how many.

        These are ``MOST_REPLAYED`` at the most. Raises ``NotFound`` for a delivery that is not recorded, or
        whose order is not kept any more.
        """
        webhook, now = self._own(of_hook, client_id), self.clock.now()
        if delivery is None:
            order_ids = self.webhooks.replay_failed(webhook.id, now, MOST_REPLAYED)
        else:
            named = parse_delivery_id(delivery)
            if named is None or is_ping_id(named[0]) or not self.webhooks.replay(webhook.id, *named, now):
                raise NotFound("there is no such delivery of an order that is still kept")
            order_ids = (named[0],)
        for order_id in dict.fromkeys(order_ids):
            self.queue.send(Hint(webhook.id, order_id, client_id), 0)
        return len(order_ids)

    def ping(self, of_hook: str, client_id: str) -> str:
        """Have a test sent soon; return the id of its delivery. Raises ``QueueUnavailable``."""
        webhook = self._own(of_hook, client_id)
        order_id = ping_id(self.randomness(16))
        self.queue.send(Hint(webhook.id, order_id, client_id), 0)
        return delivery_id(order_id, 1)

    def _own(self, of_hook: str, client_id: str) -> Webhook:
        found = self.webhooks.find(of_hook) if is_hook_id(of_hook) else None
        if found is None or found.client_id != client_id:
            raise _not_found()
        return found


def _not_found() -> NotFound:
    return NotFound("there is no such webhook")
