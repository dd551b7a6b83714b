"""Connections whose every wait ends: libpq itself has a time-out for connecting only."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import psycopg
from psycopg import waiting
from psycopg.conninfo import make_conninfo

CONNECT_TIMEOUT_S = 2
ANSWER_TIMEOUT_S = 2.0
_CHECK_EVERY_S = 0.1

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[tuple[object, ...]]):
    """A connection that is closed, with an ``OperationalError``, when an answer takes over two seconds."""

    def wait(
        self,
        gen: Generator[waiting.Wait, waiting.Ready | int, T],
        interval: float = _CHECK_EVERY_S,
        timeout: float | None = ANSWER_TIMEOUT_S,
    ) -> T:
        """Wait for the answer that ``gen`` reads, but no longer than ``timeout`` seconds."""
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.errors._WaitTimeout:
            # What the server makes of the statement is unknown, and its answer must not meet the next one.
            self.pgconn.finish()
            raise


def connect(url: str, **overrides: str | int) -> BoundedConnection:
    """Open a connection to ``url``; ``overrides`` are libpq parameters. Raises ``psycopg.Error``."""
    conninfo = make_conninfo(
        url, connect_timeout=CONNECT_TIMEOUT_S, application_name="dexec", **overrides
    )
    return BoundedConnection.connect(conninfo, autocommit=True, prepare_threshold=None)
