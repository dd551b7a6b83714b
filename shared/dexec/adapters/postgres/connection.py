"""A psycopg connection with a time-out for every answer: libpq itself has one for connecting only."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import psycopg
from psycopg import waiting
from psycopg.conninfo import make_conninfo

CONNECT_TIMEOUT_S = 2
ANSWER_TIMEOUT_S = 2.0
_CHECK_EVERY_S = 0.1

STATEMENT_TIMEOUT_S = 1.5
"""PostgreSQL's own limit for a statement: below the client's, so that the server reports the time-out."""

PLANNING = (
    "random_page_cost = 1",
    "enable_seqscan = off",
    "enable_sort = off",
    "enable_incremental_sort = off",
)
"""Has PostgreSQL use the index that a statement is written for, whatever it knows of the tables (ADR 34).

Statements that need a scan or a sort nevertheless have one.
"""

T = TypeVar("T")


class AnswerTimeout(psycopg.OperationalError):
    """No answer came in time: the statement may have been executed, or may still be."""


class BoundedConnection(psycopg.Connection[tuple[object, ...]]):
    """A connection that is closed, with ``AnswerTimeout``, when an answer takes too long.

    ``answer_timeout_s`` may be raised for long work such as a migration; ``has_pipelines`` is False where
    the server, or a proxy in front of it, refuses them.
    """

    answer_timeout_s: float = ANSWER_TIMEOUT_S
    has_pipelines: bool = True

    def wait(
        self,
        gen: Generator[waiting.Wait, waiting.Ready | int, T],
        interval: float = _CHECK_EVERY_S,
        timeout: float | None = None,
    ) -> T:
        """Wait for the answer that ``gen`` reads, no longer than ``timeout`` or else the connection's own."""
        try:
            return super().wait(gen, interval, self.answer_timeout_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as exc:
            # The outcome is unknown, and a late answer must not be read as that of the next statement.
            self.pgconn.finish()
            raise AnswerTimeout("the server did not answer in time") from exc

    def limit_statements(self, seconds: float) -> None:
        """Set the server's statement time-out; 0 is none. Aurora DSQL has no such setting.

        Without it, a statement that waits for a lock could be executed long after its client gave up and
        others acted on what they had read.
        """
        self._set(_timeout(seconds))

    def begin_session(self) -> None:
        """Set what every session of plain PostgreSQL has: the time-out of a statement, and ``PLANNING``."""
        self._set(_timeout(STATEMENT_TIMEOUT_S), *PLANNING)

    def _set(self, *settings: str) -> None:
        self.execute("; ".join(f"SET {setting}" for setting in settings).encode())


def _timeout(seconds: float) -> str:
    return f"statement_timeout = {round(seconds * 1000)}"


Connect = Callable[[], BoundedConnection]
"""Opens a connection; raises ``psycopg.Error``."""


def connect(url: str, **overrides: str | int) -> BoundedConnection:
    """Open a connection to ``url``; ``overrides`` are libpq parameters. Raises ``psycopg.Error``."""
    conninfo = make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_S, application_name="dexec", **overrides)
    return BoundedConnection.connect(conninfo, autocommit=True)
