"""The ports of webhooks in memory: endpoints, what is to be sent to them, their queue and the network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dexec.domain.addresses import endpoint
from dexec.domain.errors import QueueUnavailable
from dexec.domain.lifecycle import TERMINAL
from dexec.domain.webhooks import DeliveryState, Recorded, Try, Webhook, WebhookState
from dexec.ports import Busy, Clock, Hint, Line
from tests.support.fakes.store import LineRow, Store

SOON_S = 2


class FakeWebhooks:
    """Endpoints of clients, as they manage them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, webhook: Webhook, most: int) -> bool:
        with self._store.lock:
            others = [one for one in self.of_client(webhook.client_id) if one.id != webhook.id]
            if len(others) >= most:
                return False
            self._store.webhooks[webhook.id] = webhook
            return True

    def of_client(self, client_id: str) -> tuple[Webhook, ...]:
        found = [self.find(one.id) for one in self._store.webhooks.values() if one.client_id == client_id]
        return tuple(sorted(filter(None, found), key=lambda one: (one.created_at, one.id)))

    def find(self, hook_id: str) -> Webhook | None:
        return self._store.webhook(hook_id)

    def delete(self, hook_id: str, client_id: str) -> bool:
        with self._store.lock:
            found = self._store.webhooks.get(hook_id)
            if found is None or found.client_id != client_id:
                return False
            del self._store.webhooks[hook_id]
            return True

    def deliveries(
        self, hook_id: str, state: DeliveryState | None, before: tuple[str, int] | None, limit: int
    ) -> tuple[Recorded, ...]:
        found = [
            one
            for one in self._store.deliveries.values()
            if one.hook_id == hook_id
            and state in (None, one.state)
            and (before is None or (one.order_id, one.seq) < before)
        ]
        return tuple(sorted(found, key=lambda one: (one.order_id, one.seq), reverse=True)[:limit])

    def replay(self, hook_id: str, order_id: str, seq: int, now: datetime) -> bool:
        with self._store.lock:
            found = self._store.deliveries.get((hook_id, order_id, seq))
            if found is None or order_id not in self._store.orders:
                return False
            self._begin(found, now)
            return True

    def replay_failed(self, hook_id: str, now: datetime, limit: int) -> tuple[str, ...]:
        with self._store.lock:
            found = sorted(
                (
                    one
                    for one in self._store.deliveries.values()
                    if one.hook_id == hook_id
                    and one.state in (DeliveryState.GIVEN_UP, DeliveryState.RETRYING)
                    and one.order_id in self._store.orders
                ),
                key=lambda one: (one.order_id, one.seq),
            )[:limit]
            for one in found:
                self._begin(one, now)
            return tuple(one.order_id for one in found)

    def _begin(self, delivery: Recorded, now: datetime) -> None:
        which = (delivery.hook_id, delivery.order_id, delivery.seq)
        self._store.deliveries[which] = replace(delivery, state=DeliveryState.QUEUED)
        webhook = self._store.webhooks[delivery.hook_id]
        old = self._store.lines.get(which[:2])
        before = delivery.seq - 1
        sent_seq = before if old is None else min(old.sent_seq, before)
        self._store.lines[which[:2]] = LineRow(webhook.client_id, sent_seq, 0, now, now)


class FakeOutbox:
    """What is to be sent to endpoints."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(
        self, hint: Hint, token: str, now: datetime, lease_until: datetime, most: int
    ) -> Line | Busy | None:
        store = self._store
        with store.lock:
            row = store.lines.get((hint.hook_id, hint.order_id))
            webhook = store.webhook(hint.hook_id)
            if row is None or webhook is None or row.is_leased(now) or webhook.state is WebhookState.DISABLED:
                return None
            if webhook.rests_until is not None and webhook.rests_until > now:
                row.due_at = max(row.due_at, webhook.rests_until)
                return Busy(webhook.rests_until, rests=True)
            if row.due_at > now:
                is_soon = row.due_at <= now + timedelta(seconds=SOON_S)
                return Busy(row.due_at, rests=False) if is_soon else None
            under_way = sum(
                one.client_id == row.client_id and one.is_leased(now) for one in store.lines.values()
            )
            if under_way >= most:
                return None
            row.lease_token, row.lease_until = token, lease_until
            events = tuple(
                (event, self._state(hint, event.seq))
                for event in store.events[hint.order_id]
                if event.seq > row.sent_seq
            )
            order = store.orders.get(hint.order_id)
            is_over = order is None or order.order.status in TERMINAL
            return Line(webhook, hint.order_id, token, row.sent_seq, row.failures, events, is_over)

    def _state(self, hint: Hint, seq: int) -> DeliveryState | None:
        found = self._store.deliveries.get((hint.hook_id, hint.order_id, seq))
        return None if found is None else found.state

    def _row(self, line: Line) -> LineRow | None:
        row = self._store.lines.get((line.webhook.id, line.order_id))
        return row if row is not None and row.lease_token == line.token else None

    def record(self, line: Line, entry: Recorded, webhook: Webhook) -> bool:
        with self._store.lock:
            row = self._row(line)
            if webhook != line.webhook:
                self._save(line.webhook, webhook)
            if row is None:
                return False
            row.sent_seq, row.failures = line.sent_seq, line.failures
            self._add(entry)
            return True

    def _add(self, entry: Recorded) -> None:
        which = (entry.hook_id, entry.order_id, entry.seq)
        old = self._store.deliveries.get(which)
        if old is not None:
            entry = replace(entry, tries=old.tries + 1, first_at=old.first_at)
        self._store.deliveries[which] = entry

    def _save(self, seen: Webhook, webhook: Webhook) -> None:
        now = self._store.webhooks.get(webhook.id)
        if now is not None and (now.failures, now.disabled_at) == (seen.failures, seen.disabled_at):
            self._store.webhooks[webhook.id] = webhook

    def retry(self, line: Line, due_at: datetime, queued_at: datetime) -> None:
        with self._store.lock:
            row = self._row(line)
            if row is not None:
                row.due_at, row.queued_at = due_at, queued_at
                row.lease_token = row.lease_until = None

    def leave(self, line: Line) -> bool:
        with self._store.lock:
            row = self._row(line)
            if row is not None:
                row.sent_seq = line.sent_seq
                row.lease_token = row.lease_until = None
            found = self._store.lines.get((line.webhook.id, line.order_id))
            order = self._store.orders.get(line.order_id)
            return found is not None and order is not None and order.order.seq > found.sent_seq

    def finish(self, line: Line) -> None:
        with self._store.lock:
            if self._row(line) is not None:
                del self._store.lines[line.webhook.id, line.order_id]

    def next_due(self, client_id: str, now: datetime) -> Hint | None:
        with self._store.lock:
            due = [
                (row.due_at, which[1], Hint(*which, client_id))
                for which, row in self._store.lines.items()
                if row.client_id == client_id and self._has_work(which, now) and row.due_at <= now
            ]
        return min(due, key=lambda one: one[:2])[2] if due else None

    def record_ping(self, ping: Recorded, seen: Webhook, webhook: Webhook) -> None:
        with self._store.lock:
            self._add(ping)
            self._save(seen, webhook)

    def requeue(self, now: datetime, grace_s: float, stale_s: float, limit: int) -> tuple[Hint, ...]:
        due, stale = now - timedelta(seconds=grace_s), now - timedelta(seconds=stale_s)
        with self._store.lock:
            turns: dict[str, int] = {}
            found = []
            lines = sorted(self._store.lines.items(), key=lambda item: (item[1].due_at, item[0][1]))
            for (hook_id, order_id), row in lines:
                if self._is_lost((hook_id, order_id), now, due, stale):
                    turns[hook_id] = turns.get(hook_id, 0) + 1
                    found.append((turns[hook_id], Hint(hook_id, order_id, row.client_id), row))
            found.sort(key=lambda one: one[0])
            for _, _, row in found[:limit]:
                row.queued_at = now
            return tuple(hint for _, hint, _ in found[:limit])

    def _is_lost(self, which: tuple[str, str], now: datetime, due: datetime, stale: datetime) -> bool:
        row, found = self._store.lines[which], self._store.orders.get(which[1])
        if found is None or not self._has_work(which, now):
            return False
        updated_at = found.order.updated_at
        is_lost = row.queued_at < max(updated_at, row.due_at) or row.queued_at <= stale
        return max(row.due_at, updated_at) <= due and is_lost

    def _has_work(self, which: tuple[str, str], now: datetime) -> bool:
        """Whether a line has something to send that may be sent, and no sender."""
        row = self._store.lines[which]
        webhook, found = self._store.webhook(which[0]), self._store.orders.get(which[1])
        if webhook is None or found is None or row.is_leased(now):
            return False
        if webhook.state is WebhookState.DISABLED:
            return False
        if webhook.rests_until is not None and webhook.rests_until > now:
            return False
        return found.order.seq > row.sent_seq

    def forget(self, before: datetime, limit: int) -> int:
        with self._store.lock:
            old = sorted(
                (one.last_at, which) for which, one in self._store.deliveries.items() if one.last_at < before
            )[:limit]
            for _, which in old:
                del self._store.deliveries[which]
            return len(old)

    def drop_orphans(self, limit: int) -> int:
        with self._store.lock:
            store = self._store
            gone = [w for w in store.lines if w[0] not in store.webhooks or w[1] not in store.orders]
            for which in gone[:limit]:
                del store.lines[which]
            return len(gone[:limit])

    def disabled(self) -> int:
        return sum(one.disabled_at is not None for one in self._store.webhooks.values())


class FakeHookQueue:
    """The queue of the sender, with its delays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.messages: list[tuple[datetime, Hint]] = []
        self.is_away = False

    def send(self, hint: Hint, delay_s: int) -> None:
        if self.is_away:
            raise QueueUnavailable("the webhook queue cannot be reached")
        self.messages.append((self._clock.now() + timedelta(seconds=min(delay_s, 900)), hint))

    def receive(self) -> Hint | None:
        """Take a message that is visible off the queue."""
        now = self._clock.now()
        for message in sorted(self.messages, key=lambda one: one[0]):
            if message[0] <= now:
                self.messages.remove(message)
                return message[1]
        return None


@dataclass(frozen=True)
class Posted:
    """A request that an endpoint got."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])

    @property
    def seq(self) -> int:
        return int(self.id.rpartition("_")[2])

    def is_signed(self, secret: str) -> bool:
        """Whether the signature is right, computed as the specification says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{expected}"


@dataclass
class FakePost:
    """The network: ``answer`` decides what an endpoint says to a request."""

    answer: Callable[[Posted], Try] = lambda _: Try(200)
    got: list[Posted] = field(default_factory=list)

    def check(self, url: str) -> None:
        endpoint(url, local=True)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Try:
        posted = Posted(url, dict(headers), body)
        self.got.append(posted)
        return self.answer(posted)
