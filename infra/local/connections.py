"""Deletes stored WebSocket connections after the emulator has ended."""

from __future__ import annotations

import contextlib

import psycopg
from psycopg.errors import UndefinedTable


def forget_all(database_url: str) -> None:
    """Delete every stored connection: all ended with the emulator, without an event, and count as open.

    Raises ``psycopg.Error``.
    """
    # There is no table before the first deploy.
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        contextlib.suppress(UndefinedTable),
    ):
        connection.execute("DELETE FROM connections")
