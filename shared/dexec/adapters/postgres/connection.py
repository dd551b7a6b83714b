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
"""Where PostgreSQL itself gives a statement up: before its client does, so that it says which it was."""

T = TypeVar("T")


class AnswerTimeout(psycopg.OperationalError):
    """No answer came in time: the statement may or may not have been carried out, or be so later."""


class BoundedConnection(psycopg.Connection[tuple[object, ...]]):
    """A connection that is closed, with ``AnswerTimeout``, when an answer takes too long.

    ``answer_timeout_s`` may be raised for work that is known to be long, as a migration is;
    ``has_pipelines`` is False where the server, or what stands before it, refuses them.
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
            # What the server makes of the statement is unknown, and its answer must not meet the next one.
            self.pgconn.finish()
            raise AnswerTimeout("the server did not answer in time") from exc

    def limit_statements(self, seconds: float) -> None:
        """Have the server give statements up after ``seconds``; 0 is never. Aurora DSQL has no such limit.

        Without one, a statement that waits for a lock would be carried out long after its client gave it
        up and others acted on what they saw.
        """
        self.execute(f"SET statement_timeout = {round(seconds * 1000)}".encode())


Connect = Callable[[], BoundedConnection]
"""Opens a connection; raises ``psycopg.Error``."""


def connect(url: str, **overrides: str | int) -> BoundedConnection:
    """Open a connection to ``url``; ``overrides`` are libpq parameters. Raises ``psycopg.Error``."""
    conninfo = make_conninfo(
        url, connect_timeout=CONNECT_TIMEOUT_S, application_name="dexec", **overrides
    )
    return BoundedConnection.connect(conninfo, autocommit=True)
