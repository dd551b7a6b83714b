"""The ``Webhooks`` port on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.rows import moment, moment_or_none
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import DeliveryState, Recorded, Webhook


class PostgresWebhooks:
    """Endpoints of clients, as they manage them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, webhook: Webhook, most: int) -> bool:
        """Store an endpoint, unless its client has too many."""
        params = {
            "id": webhook.id,
            "client_id": webhook.client_id,
            "key_hash": webhook.key_hash,
            "url": webhook.url,
            "events": " ".join(sorted(webhook.events)),
            "secret": webhook.secret,
            "created_at": webhook.created_at,
            "most": most,
        }
        return bool(self._database.fetch(Statement("add_webhook", params), Repeat.HARMLESS))

    def of_client(self, client_id: str) -> tuple[Webhook, ...]:
        """Return a client's endpoints."""
        found = self._database.fetch(Statement("webhooks_of_client", {"client_id": client_id}), Repeat.READ)
        return tuple(map(to_webhook, found))

    def find(self, hook_id: str) -> Webhook | None:
        """Return an endpoint."""
        found = self._database.fetch(Statement("find_webhook", {"hook_id": hook_id}), Repeat.READ)
        return to_webhook(found[0]) if found else None

    def delete(self, hook_id: str, client_id: str) -> bool:
        """Delete an endpoint."""
        params = {"hook_id": hook_id, "client_id": client_id}
        return bool(self._database.fetch(Statement("delete_webhook", params), Repeat.HARMLESS))

    def deliveries(
        self, hook_id: str, state: DeliveryState | None, before: tuple[str, int] | None, limit: int
    ) -> tuple[Recorded, ...]:
        """Return a page of an endpoint's deliveries."""
        before_id, before_seq = before or ("", 0)
        params = {
            "hook_id": hook_id,
            "state": state,
            "before_id": before_id,
            "before_seq": before_seq,
            "limit": limit,
        }
        name = f"webhook_deliveries{'_by_state' if state else ''}{'_before' if before else ''}"
        return tuple(map(to_recorded, self._database.fetch(Statement(name, params), Repeat.READ)))

    def replay(self, hook_id: str, order_id: str, seq: int, now: datetime) -> bool:
        """Have one delivery sent again."""
        params = {"hook_id": hook_id, "order_id": order_id, "seq": seq, "now": now}
        return bool(self._database.fetch(Statement("replay_delivery", params), Repeat.HARMLESS))

    def replay_failed(self, hook_id: str, now: datetime, limit: int) -> tuple[str, ...]:
        """Have deliveries that were given up sent again."""
        params = {"hook_id": hook_id, "now": now, "limit": limit}
        found = self._database.fetch(Statement("replay_failed", params), Repeat.HARMLESS)
        return tuple(cast(str, row["order_id"]) for row in found)


def to_webhook(row: Row) -> Webhook:
    """Return the endpoint of a row of ``webhooks``."""
    return Webhook(
        id=cast(str, row["id"]),
        client_id=cast(str, row["client_id"]),
        key_hash=cast(str, row["key_hash"]),
        url=cast(str, row["url"]),
        events=frozenset(Status(name) for name in cast(str, row["events"]).split()),
        secret=cast(str, row["secret"]),
        created_at=moment(row["created_at"]),
        failures=cast(int, row["failures"]),
        failing_since=moment_or_none(row["failing_since"]),
        rests_until=moment_or_none(row["rests_until"]),
        disabled_at=moment_or_none(row["disabled_at"]),
        reason=cast("str | None", row["reason"]),
        is_keyless=bool(row["keyless"]),
    )


def to_recorded(row: Row) -> Recorded:
    """Return the delivery of a row of ``webhook_deliveries``."""
    return Recorded(
        hook_id=cast(str, row["hook_id"]),
        order_id=cast(str, row["order_id"]),
        seq=cast(int, row["seq"]),
        type=cast(str, row["type"]),
        state=DeliveryState(cast(str, row["state"])),
        tries=cast(int, row["tries"]),
        answer=cast("int | None", row["answer"]),
        error=cast("str | None", row["error"]),
        first_at=moment(row["first_at"]),
        last_at=moment(row["last_at"]),
    )
