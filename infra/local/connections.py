"""Deletes stored WebSocket connections after the emulator has ended."""

from __future__ import annotations

import psycopg


def forget_all(database_url: str) -> None:
    """Delete every stored connection: all ended with the emulator, without an event, and count as open.

    Raises ``psycopg.Error``.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM connections")
