"""Creates API keys in the database of a deployment."""

from __future__ import annotations

from contextlib import closing

from dexec.bootstrap import Container
from dexec.ports import ApiKey
from dexec.settings import Settings
from dexec.usecases.authenticate import hash_key


def create_key(database_url: str, name: str, *, orders_per_minute: int | None = None) -> None:
    """Make ``name`` both an API key and the client it stands for; its limits are set anew if it exists.

    ``orders_per_minute``: None is the deployment's default, 0 is no limit.
    Raises ``StoreUnavailable``, ``CommitUnknown``.
    """
    with closing(Container(Settings.from_environ({"DATABASE_URL": database_url}))) as parts:
        parts.api_keys.add(ApiKey(hash_key(name), name, orders_per_minute, None, parts.clock.now()))
