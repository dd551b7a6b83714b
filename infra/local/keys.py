"""API keys of a deployment whose database we can reach."""

from __future__ import annotations

from dexec import bootstrap


def create_key(database_url: str, name: str, *, orders_per_minute: int | None = None) -> None:
    """Make ``name`` both an API key and the client it stands for; its limits are set anew if it exists.

    ``orders_per_minute``: None is the deployment's default, 0 is no limit.
    """
    raise NotImplementedError
