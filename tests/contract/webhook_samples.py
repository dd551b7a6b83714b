"""Endpoints, lines and tries to begin with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.domain.webhooks import DeliveryState, Recorded, Webhook, hook_id, new_secret
from dexec.ports import Busy, Hint, Line
from tests.contract.samples import NOW, trading_key
from tests.proofs.simulation.backend import Backend

_ids = count(1)
LEASE = timedelta(seconds=75)


def endpoint(store: Backend, client_id: str = "alice", events: frozenset[Status] = frozenset()) -> Webhook:
    """Store an endpoint of a client."""
    number = next(_ids).to_bytes(16, "big")
    made = Webhook(
        hook_id(number),
        client_id,
        trading_key(client_id).key_hash,
        "https://example.com/é",
        events,
        new_secret(number * 2),
        NOW,
    )
    assert store.webhooks.add(made, 5)
    return made


def hint(webhook: Webhook, order: Order) -> Hint:
    return Hint(webhook.id, order.id, webhook.client_id)


def take(
    store: Backend, webhook: Webhook, order: Order, token: str = "t", *, now: datetime = NOW, most: int = 10
) -> Line | Busy | None:
    return store.outbox.take(hint(webhook, order), token, now, now + LEASE, most)


def taken(store: Backend, webhook: Webhook, order: Order, token: str = "t", now: datetime = NOW) -> Line:
    line = take(store, webhook, order, token, now=now)
    assert isinstance(line, Line)
    return line


def entry(
    line: Line, seq: int, state: DeliveryState = DeliveryState.DELIVERED, at: datetime = NOW
) -> Recorded:
    answer = 200 if state is DeliveryState.DELIVERED else 500
    return Recorded(line.webhook.id, line.order_id, seq, "order.x", state, 1, answer, None, at, at)


def record(store: Backend, line: Line, seq: int, state: DeliveryState = DeliveryState.DELIVERED) -> Line:
    """Record a try of an event; return the line after it."""
    is_done = state is not DeliveryState.RETRYING
    moved = replace(line, sent_seq=seq if is_done else line.sent_seq, failures=0 if is_done else 1)
    assert store.outbox.record(moved, entry(line, seq, state), line.webhook)
    return moved


def states(store: Backend, webhook: Webhook) -> list[tuple[int, DeliveryState, int]]:
    found = store.webhooks.deliveries(webhook.id, None, None, 100)
    return [(one.seq, one.state, one.tries) for one in reversed(found)]
