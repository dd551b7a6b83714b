"""The ``Outbox`` port on PostgreSQL: what is to be sent to endpoints, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Row, Statement
from dexec.adapters.postgres.webhooks import to_webhook
from dexec.domain.lifecycle import TERMINAL
from dexec.domain.webhooks import DeliveryState, Recorded, Webhook, WebhookState
from dexec.ports import Busy, Hint, Line

SOON_S = 2
"""A line that is due this soon has its message here already."""


class PostgresOutbox:
    """Lines of events to send, each method one round trip."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, hint: Hint, token: str, now: datetime, lease_until: datetime, most: int
    ) -> Line | Busy | None:
        """Lease a line, commit, then read its endpoint, where it stands, and its events."""
        about = {"hook_id": hint.hook_id, "order_id": hint.order_id}
        leasing = about | {"token": token, "now": now, "lease_until": lease_until, "most": most}
        _, (webhooks, lines, over, events) = self._database.transact(
            [Statement("rest_line", leasing), Statement("take_line", leasing)],
            [
                Statement("find_webhook", about),
                Statement("find_line", about),
                # In this order: an order that is over before its events are read has none after them.
                Statement("line_is_over", about),
                Statement("line_events", about),
            ],
            Repeat.HARMLESS,
        )
        if not webhooks or not lines:
            return None
        webhook, line = to_webhook(webhooks[0]), lines[0]
        if line["lease_token"] != token:
            return _why_not(webhook, line, now)
        found = tuple((rows.to_event(row), _state(row)) for row in events)
        return Line(
            webhook,
            hint.order_id,
            token,
            cast(int, line["sent_seq"]),
            cast(int, line["failures"]),
            found,
            bool(over[0]["is_over"]) or any(event.status in TERMINAL for event, _ in found),
        )

    def record(self, line: Line, entry: Recorded, webhook: Webhook) -> bool:
        """Record a try under the lease of its line."""
        of_line = {"token": line.token, "sent_seq": line.sent_seq, "line_failures": line.failures}
        statements = [Statement("record_try", _entry(entry) | of_line)]
        if webhook != line.webhook:
            statements.append(_saving(line.webhook, webhook))
        (recorded, *_), _ = self._database.transact(statements, [], Repeat.NEVER)
        return bool(recorded)

    def retry(self, line: Line, due_at: datetime, queued_at: datetime) -> None:
        """Release the lease until the next try."""
        params = _about(line) | {"due_at": due_at, "queued_at": queued_at}
        self._database.fetch(Statement("retry_line", params), Repeat.HARMLESS)

    def leave(self, line: Line) -> bool:
        """Release the lease, commit, then look for what came meanwhile."""
        params = _about(line) | {"sent_seq": line.sent_seq}
        _, (behind,) = self._database.transact(
            [Statement("leave_line", params)], [Statement("line_is_behind", _about(line))], Repeat.HARMLESS
        )
        return bool(behind)

    def finish(self, line: Line) -> None:
        """Delete a line."""
        self._database.fetch(Statement("finish_line", _about(line)), Repeat.HARMLESS)

    def next_due(self, client_id: str, now: datetime) -> Hint | None:
        """Return a line of a client that is due."""
        params = {"client_id": client_id, "now": now}
        found = self._database.fetch(Statement("next_line", params), Repeat.READ)
        return _hint(found[0]) if found else None

    def record_ping(self, ping: Recorded, seen: Webhook, webhook: Webhook) -> None:
        """Record a test."""
        statements = [Statement("record_ping", _entry(ping)), _saving(seen, webhook)]
        self._database.transact(statements, [], Repeat.HARMLESS)

    def requeue(self, now: datetime, grace_s: float, stale_s: float, limit: int) -> tuple[Hint, ...]:
        """Return lines whose message seems to be gone."""
        params = {
            "now": now,
            "due_before": now - timedelta(seconds=grace_s),
            "stale_before": now - timedelta(seconds=stale_s),
            "limit": limit,
        }
        found = self._database.fetch(Statement("requeue_lines", params), Repeat.NEVER)
        return tuple(map(_hint, found))

    def forget(self, before: datetime, limit: int) -> int:
        """Delete old records."""
        params = {"before": before, "limit": limit}
        return len(self._database.fetch(Statement("forget_deliveries", params), Repeat.HARMLESS))

    def drop_orphans(self, limit: int) -> int:
        """Delete lines without an endpoint or an order."""
        return len(self._database.fetch(Statement("drop_orphaned_lines", {"limit": limit}), Repeat.HARMLESS))

    def disabled(self) -> int:
        """Return how many endpoints are disabled."""
        (counted,) = self._database.fetch(Statement("count_disabled", {}), Repeat.READ)
        return cast(int, counted["disabled"])


def _hint(row: Row) -> Hint:
    return Hint(cast(str, row["hook_id"]), cast(str, row["order_id"]), cast(str, row["client_id"]))


def _why_not(webhook: Webhook, line: Row, now: datetime) -> Busy | None:
    """Return until when a line that was not leased waits; None where another comes to it."""
    if webhook.state is WebhookState.DISABLED:
        return None
    if webhook.rests_until is not None and webhook.rests_until > now:
        return Busy(webhook.rests_until, rests=True)
    due_at = rows.moment(line["due_at"])
    # What is leased is due already.
    is_soon = now < due_at <= now + timedelta(seconds=SOON_S)
    return Busy(due_at, rests=False) if is_soon else None


def _state(row: Row) -> DeliveryState | None:
    return None if row["state"] is None else DeliveryState(cast(str, row["state"]))


def _about(line: Line) -> dict[str, object]:
    return {"hook_id": line.webhook.id, "order_id": line.order_id, "token": line.token}


def _entry(entry: Recorded) -> dict[str, object]:
    return {
        "hook_id": entry.hook_id,
        "order_id": entry.order_id,
        "seq": entry.seq,
        "type": entry.type,
        "state": entry.state,
        "answer": entry.answer,
        "error": entry.error,
        "now": entry.last_at,
    }


def _saving(seen: Webhook, webhook: Webhook) -> Statement:
    params = {
        "hook_id": webhook.id,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "rests_until": webhook.rests_until,
        "disabled_at": webhook.disabled_at,
        "reason": webhook.reason,
        "seen_failures": seen.failures,
        "seen_disabled_at": seen.disabled_at,
    }
    return Statement("save_webhook", params)
