"""Sends the events of an order to an endpoint: one after the other, at least once, with pauses that grow."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from dexec.domain.errors import QueueUnavailable
from dexec.domain.order import Event
from dexec.domain.webhooks import (
    DeliveryState,
    Recorded,
    Try,
    Webhook,
    after_try,
    delivery_id,
    headers,
    is_ping_id,
    recovered,
    retry_delay_s,
)
from dexec.ports import Busy, Clock, EncodeWebhook, Hint, HookQueue, Line, Outbox, Post, Webhooks

LEASE_S = 75
"""Longer than the function may run."""

RESERVE_S = 12
"""What a try and its record may take: none is begun with less time left."""

MOST_AT_ONCE = 2
"""Lines of one client that are sent at the same time: slow endpoints of one must not delay the others'."""

LONGEST_HINT_S = 900
"""The longest delay of a message; later lines are queued by the sweeper when they are due."""

LONGEST_RETRY_AFTER_S = 3_600
PING_TYPE = "webhook.test"


class _Left(Enum):
    """What is left of a line once its events are sent: nothing that is due, more that came, or no time."""

    NOTHING = auto()
    MORE = auto()
    NO_TIME = auto()


@dataclass
class Sent:
    """What one message led to."""

    delivered: int = 0
    failed: int = 0
    disabled: int = 0


@dataclass(frozen=True, slots=True)
class DeliverWebhooks:
    """The use case; ``new_token`` makes a lease token, ``jitter`` a number in [0, 1).

    ``encode`` makes an event's type and body, ``ping_body`` that of a test.
    """

    outbox: Outbox
    webhooks: Webhooks
    post: Post
    queue: HookQueue
    clock: Clock
    encode: EncodeWebhook
    ping_body: Callable[[datetime], bytes]
    new_token: Callable[[], str]
    jitter: Callable[[], float]
    disabled_after: timedelta

    def __call__(self, hint: Hint, ends_at: datetime) -> Sent:
        """Send what is due, until nothing is left or ``ends_at`` is near.

        Raises ``Unavailable`` and ``OutcomeUnknown``: the message is to be delivered again then.
        """
        sent = Sent()
        if is_ping_id(hint.order_id):
            self._ping(hint, sent)
            return sent
        following: Hint | None = hint
        while following is not None and self._has_time(ends_at):
            if not self._deliver(following, ends_at, sent):
                return sent
            # Messages of this client's other lines may have been refused while this one was leased.
            following = self.outbox.next_due(hint.client_id, self.clock.now())
        if following is not None:
            self._hint(following, 0)
        return sent

    def _deliver(self, hint: Hint, ends_at: datetime, sent: Sent) -> bool:
        """Send what is due of one line; False where another sender, or a message, goes on with it."""
        is_mine = False
        while True:
            now = self.clock.now()
            lease_until = now + timedelta(seconds=LEASE_S)
            taken = self.outbox.take(hint, self.new_token(), now, lease_until, MOST_AT_ONCE)
            if isinstance(taken, Busy) and not taken.rests:
                self._hint(hint, (taken.until - now).total_seconds())
            if not isinstance(taken, Line):
                return is_mine
            is_mine = True
            left = self._send_all(hint, taken, ends_at, sent)
            if left is not _Left.MORE:
                return left is _Left.NOTHING

    def _has_time(self, ends_at: datetime) -> bool:
        return self.clock.now() + timedelta(seconds=RESERVE_S) <= ends_at

    def _send_all(self, hint: Hint, line: Line, ends_at: datetime, sent: Sent) -> _Left:
        """Send a line's events; where the time is up, a message goes on with them."""
        for event in line.wanted:
            if not self._has_time(ends_at):
                now = self.clock.now()
                self.outbox.retry(line, now, now)
                self._hint(hint, 0)
                return _Left.NO_TIME
            moved, delay_s = self._try(line, event, sent)
            if moved is None:
                return _Left.NOTHING
            line = moved
            if delay_s is not None:
                self._later(hint, line, delay_s)
                return _Left.NOTHING
        if line.events:
            line = replace(line, sent_seq=max(line.sent_seq, line.events[-1][0].seq))
        if line.is_over:
            self.outbox.finish(line)
            return _Left.NOTHING
        return _Left.MORE if self.outbox.leave(line) else _Left.NOTHING

    def _try(self, line: Line, event: Event, sent: Sent) -> tuple[Line | None, float | None]:
        """Send an event once; return the line after it, None if it is another's, and the pause it needs."""
        kind, body = self.encode(event)
        started = self.clock.now()
        done = self._post(line.webhook, delivery_id(event.order_id, event.seq), body)
        now = self.clock.now()
        webhook = after_try(line.webhook, done, now, self.disabled_after)
        failures = 0 if done.is_acknowledged else line.failures + 1
        delay_s = None if done.is_acknowledged else self._pause_s(failures)
        state = DeliveryState.DELIVERED if done.is_acknowledged else DeliveryState.GIVEN_UP
        if delay_s is not None:
            state = DeliveryState.RETRYING
        sent_seq = line.sent_seq if delay_s is not None else event.seq
        moved = replace(line, sent_seq=sent_seq, failures=failures)
        entry = _recorded(webhook, (event.order_id, event.seq), (kind, state), done, started)
        if not self.outbox.record(moved, entry, webhook):
            return None, None
        _count(sent, done, webhook)
        if webhook.disabled_at is not None or (delay_s is None and webhook.rests_until is not None):
            # What is left of the line waits as all others of this endpoint do.
            delay_s = delay_s or 0.0
        if delay_s is not None:
            delay_s = max(delay_s, min(done.retry_after_s or 0, LONGEST_RETRY_AFTER_S), _rest_s(webhook, now))
        return replace(moved, webhook=webhook), delay_s

    def _pause_s(self, failures: int) -> float | None:
        """Return the pause after a failure, up to a tenth longer; None where it was the last try."""
        pause_s = retry_delay_s(failures)
        return None if pause_s is None else pause_s * (1 + 0.1 * self.jitter())

    def _later(self, hint: Hint, line: Line, delay_s: float) -> None:
        now = self.clock.now()
        due_at = now + timedelta(seconds=delay_s)
        is_enabled = line.webhook.disabled_at is None
        is_hinted = is_enabled and delay_s < LONGEST_HINT_S and self._hint(hint, delay_s)
        self.outbox.retry(line, due_at, due_at if is_hinted else now)

    def _hint(self, hint: Hint, delay_s: float) -> bool:
        """Have a message arrive just after a pause; False when the queue is away."""
        try:
            self.queue.send(hint, math.ceil(delay_s) + 1 if delay_s else 0)
        except QueueUnavailable:
            return False
        return True

    def _ping(self, hint: Hint, sent: Sent) -> None:
        """Send a test, once; an endpoint that acknowledges it is enabled."""
        webhook = self.webhooks.find(hint.hook_id)
        if webhook is None or webhook.is_keyless:
            return
        started = self.clock.now()
        done = self._post(webhook, delivery_id(hint.order_id, 1), self.ping_body(started))
        state = DeliveryState.DELIVERED if done.is_acknowledged else DeliveryState.GIVEN_UP
        after = recovered(webhook) if done.is_acknowledged else webhook
        ping = _recorded(webhook, (hint.order_id, 1), (PING_TYPE, state), done, started)
        self.outbox.record_ping(ping, webhook, after)
        _count(sent, done, after)

    def _post(self, webhook: Webhook, message_id: str, body: bytes) -> Try:
        signed = headers(webhook.secret, message_id, self.clock.now(), body)
        return self.post(webhook.url, signed, body)


def _recorded(
    webhook: Webhook, which: tuple[str, int], what: tuple[str, DeliveryState], done: Try, at: datetime
) -> Recorded:
    return Recorded(webhook.id, *which, *what, 1, done.answer, done.error, at, at)


def _rest_s(webhook: Webhook, now: datetime) -> float:
    return 0.0 if webhook.rests_until is None else (webhook.rests_until - now).total_seconds()


def _count(sent: Sent, done: Try, webhook: Webhook) -> None:
    if done.is_acknowledged:
        sent.delivered += 1
        return
    sent.failed += 1
    sent.disabled += webhook.disabled_at is not None
