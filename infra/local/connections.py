"""The WebSocket connections of an emulator that is gone."""

from __future__ import annotations

import psycopg


def forget_all(database_url: str) -> None:
    """Forget every connection: they ended with the emulator, which told nobody, and count for their clients.

    Raises ``psycopg.Error``.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM connections")
