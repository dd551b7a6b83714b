"""Creates API keys in the database of a deployment."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from dexec.adapters.postgres import sources
from dexec.adapters.postgres.api_keys import PostgresApiKeys
from dexec.adapters.postgres.database import Database
from dexec.ports import ApiKey
from dexec.usecases.authenticate import hash_key


def create_key(database_url: str, name: str, *, orders_per_minute: int | None = None) -> None:
    """Make ``name`` both an API key and the client it stands for; its limits are set anew if it exists.

    ``orders_per_minute``: None is the deployment's default, 0 is no limit.
    Raises ``StoreUnavailable``, ``CommitUnknown``.
    """
    with closing(Database(sources.from_url(database_url))) as database:
        key = ApiKey(hash_key(name), name, orders_per_minute, None, datetime.now(UTC))
        PostgresApiKeys(database).add(key)
