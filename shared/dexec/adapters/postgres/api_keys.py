"""The ``ApiKeys`` port on PostgreSQL."""

from __future__ import annotations

from dexec.adapters.postgres import encoding, rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement
from dexec.ports import ApiKey


class PostgresApiKeys:
    """API keys, known by their hash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked or not."""
        found = self._database.fetch(Statement("find_api_key", {"key_hash": key_hash}), Repeat.READ)
        return rows.to_api_key(found[0]) if found else None

    def add(self, key: ApiKey) -> None:
        """Store a key; one with the same hash is replaced."""
        self._database.fetch(add_statement(key), Repeat.HARMLESS)


def add_statement(key: ApiKey) -> Statement:
    """Return what stores a key."""
    params = {
        "key_hash": key.key_hash,
        "client_id": key.client_id,
        "orders_per_minute": key.orders_per_minute,
        "max_amounts": encoding.dump_amounts(key.max_amounts),
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
    return Statement("add_api_key", params)
