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
    """A connection that is closed, with an ``OperationalError``, when an answer takes too long.

    ``answer_timeout_s`` may be raised for work that is known to be long, as a migration is.
    """

    answer_timeout_s: float = ANSWER_TIMEOUT_S

    def wait(
        self,
        gen: Generator[waiting.Wait, waiting.Ready | int, T],
        interval: float = _CHECK_EVERY_S,
        timeout: float | None = None,
    ) -> T:
        """Wait for the answer that ``gen`` reads, no longer than ``timeout`` or else the connection's own."""
        try:
            return super().wait(gen, interval, self.answer_timeout_s if timeout is None else timeout)
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
