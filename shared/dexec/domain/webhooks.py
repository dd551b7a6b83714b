"""Webhooks: which events of an order an endpoint gets, how they are signed, and when they are tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dexec.domain.lifecycle import Status

SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix of the specification
SECRET_BYTES = 32
PING_PREFIX = "ping_"

RETRY_DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 21_600)
"""Pauses between the tries of one delivery: the schedule of Standard Webhooks, ended after a day."""

MAX_TRIES = len(RETRY_DELAYS_S) + 1

RESTED_AFTER = 3
"""Failures in a row after which an endpoint is left alone for a while, with all that waits for it."""

LONGEST_REST_S = 900

GONE = 410

_HOOK_ID = re.compile(r"hook_[0-9a-f]{32}", re.ASCII)
_DELIVERY_ID = re.compile(r"msg_((?:ord|ping)_[0-9a-f]{32})_([1-9][0-9]{0,8})", re.ASCII)


class DeliveryState(StrEnum):
    """Where a delivery stands; one that has not been tried yet is not recorded."""

    RETRYING = "retrying"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """All tries were used."""

    QUEUED = "queued"
    """It is to be sent again, because its client asked for it."""


class WebhookState(StrEnum):
    """Whether an endpoint gets events."""

    ACTIVE = "active"
    FAILING = "failing"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of a client; ``events`` are the statuses whose events it gets, empty for all.

    ``failures`` counts failed tries in a row, the first of which was at ``failing_since``; it is sent
    nothing until ``rests_until``. ``reason`` says why the last try failed.
    ``key_hash`` is the API key that made it; ``is_keyless`` since that was revoked: it gets nothing any more.
    """

    id: str
    client_id: str
    key_hash: str
    url: str
    events: frozenset[Status]
    secret: str
    created_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    disabled_at: datetime | None = None
    reason: str | None = None
    is_keyless: bool = False

    @property
    def state(self) -> WebhookState:
        """Whether it gets events."""
        if self.disabled_at is not None or self.is_keyless:
            return WebhookState.DISABLED
        return WebhookState.FAILING if self.failures else WebhookState.ACTIVE

    def wants(self, status: Status, state: DeliveryState | None) -> bool:
        """Whether an event with this status is to be sent, of which so much is recorded."""
        if state is None:
            return not self.events or status in self.events
        return state in (DeliveryState.QUEUED, DeliveryState.RETRYING)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One delivery as its client sees it: an event, or a test, and what became of it so far."""

    hook_id: str
    order_id: str
    seq: int
    type: str
    state: DeliveryState
    tries: int
    answer: int | None
    error: str | None
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """The outcome of one try: the HTTP status of the answer, None without one, and what went wrong.

    ``retry_after_s`` is what the answer asks for.
    """

    answer: int | None
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def is_acknowledged(self) -> bool:
        """Whether the endpoint has the event."""
        return self.answer is not None and 200 <= self.answer < 300

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint says that it wants nothing more."""
        return self.answer == GONE


def after_try(webhook: Webhook, done: Try, now: datetime, disabled_after: timedelta) -> Webhook:
    """Return an endpoint as it is after a try.

    It is disabled by an answer of 410, or after failures alone for ``disabled_after``.
    """
    if done.is_acknowledged:
        return recovered(webhook) if webhook.failures else webhook
    failures, since = webhook.failures + 1, webhook.failing_since or now
    is_over = done.is_gone or (failures >= MAX_TRIES and now - since >= disabled_after)
    return replace(
        webhook,
        failures=failures,
        failing_since=since,
        rests_until=rests_until(failures, now),
        disabled_at=now if is_over else None,
        reason=done.error,
    )


def recovered(webhook: Webhook) -> Webhook:
    """Return an endpoint that works, and is enabled."""
    return replace(webhook, failures=0, failing_since=None, rests_until=None, disabled_at=None, reason=None)


def hook_id(randomness: bytes) -> str:
    """Return the id of a new endpoint, of 16 random bytes."""
    return f"hook_{randomness[:16].hex()}"


def is_hook_id(text: str) -> bool:
    """Say whether ``text`` has the form of an endpoint's id."""
    return _HOOK_ID.fullmatch(text) is not None


def ping_id(randomness: bytes) -> str:
    """Return the id of a test of an endpoint, of 16 random bytes: it stands where an order's would."""
    return f"{PING_PREFIX}{randomness[:16].hex()}"


def is_ping_id(text: str) -> bool:
    """Say whether ``text`` is the id of a test, and not of an order."""
    return text.startswith(PING_PREFIX)


def new_secret(randomness: bytes) -> str:
    """Return a signing secret as Standard Webhooks writes it, of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(randomness[:SECRET_BYTES]).decode()


def delivery_id(order_id: str, seq: int) -> str:
    """Return ``webhook-id``: the same for every try of one event, and without a full stop."""
    return f"msg_{order_id}_{seq}"


def parse_delivery_id(text: str) -> tuple[str, int] | None:
    """Return the order and ``seq`` that a ``webhook-id`` names, None if it is none."""
    found = _DELIVERY_ID.fullmatch(text)
    return None if found is None else (found[1], int(found[2]))


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return ``webhook-signature``: HMAC-SHA256 of id, time and body (Standard Webhooks 1.0.0, "v1")."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(secret: str, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one try at ``now``."""
    timestamp_s = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(secret, message_id, timestamp_s, body),
    }


def retry_delay_s(failures: int) -> int | None:
    """Return the pause after so many failed tries; None after the last."""
    return None if failures >= MAX_TRIES else RETRY_DELAYS_S[failures - 1]


def rests_until(failures: int, now: datetime) -> datetime | None:
    """Return until when an endpoint with so many failures in a row is left alone, None for not at all."""
    if failures < RESTED_AFTER:
        return None
    return now + timedelta(seconds=min(60 * 2 ** min(failures - RESTED_AFTER, 10), LONGEST_REST_S))
