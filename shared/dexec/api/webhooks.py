"""What endpoints are sent, and views of endpoints and their deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from dexec.api import webhook_answers as answers
from dexec.api.frames import encode
from dexec.api.orders import event_view
from dexec.api.times import iso, iso_or_none
from dexec.domain.order import Event
from dexec.domain.webhooks import Recorded, Webhook, delivery_id

KEYLESS = "the API key that made it is revoked: make another webhook"


def event_type(event: Event) -> str:
    """Return the type of an event's delivery: events of one type have the same fields."""
    step = "" if event.step is None else f".{event.step}"
    return f"order.{event.status}{step}"


def event_body(event: Event) -> tuple[str, bytes]:
    """Return the type and the body of an event's delivery, in the form of Standard Webhooks."""
    kind = event_type(event)
    data = cast("answers.WebhookEvent", {"orderId": event.order_id, **event_view(event)})
    payload: answers.WebhookPayload = {"type": kind, "timestamp": iso(event.at), "data": data}
    return kind, encode(payload)


def ping_body(now: datetime) -> bytes:
    """Return the body of a test."""
    return json.dumps({"type": "webhook.test", "timestamp": iso(now), "data": {}}).encode()


def webhook_view(webhook: Webhook) -> answers.Webhook:
    """Return an endpoint without its secret."""
    return {
        "hookId": webhook.id,
        "url": webhook.url,
        "events": sorted(webhook.events),
        "state": webhook.state,
        "createdAt": iso(webhook.created_at),
        "failingSince": iso_or_none(webhook.failing_since),
        "disabledAt": iso_or_none(webhook.disabled_at),
        "reason": KEYLESS if webhook.is_keyless else webhook.reason,
    }


def created(webhook: Webhook) -> answers.WebhookCreated:
    """Return a new endpoint with its secret, which is shown this once."""
    return {**webhook_view(webhook), "secret": webhook.secret}


def webhook_list(webhooks: Sequence[Webhook]) -> answers.WebhookList:
    """Return a client's endpoints."""
    return {"webhooks": [webhook_view(webhook) for webhook in webhooks]}


def delivery_view(delivery: Recorded) -> answers.WebhookDelivery:
    """Return a delivery."""
    return {
        "deliveryId": delivery_id(delivery.order_id, delivery.seq),
        "orderId": delivery.order_id if delivery.order_id.startswith("ord_") else None,
        "type": delivery.type,
        "state": delivery.state,
        "tries": delivery.tries,
        "answer": delivery.answer,
        "error": delivery.error,
        "firstAt": iso(delivery.first_at),
        "lastAt": iso(delivery.last_at),
    }


def delivery_page(deliveries: Sequence[Recorded], next_cursor: str | None) -> answers.WebhookDeliveries:
    """Return one page of an endpoint's deliveries."""
    return {"deliveries": [delivery_view(one) for one in deliveries], "nextCursor": next_cursor}
