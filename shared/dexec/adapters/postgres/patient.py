"""Retries repeatable statements, such as migrations, until a transient error has passed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from psycopg.abc import Params, QueryNoTemplate

from dexec.adapters.postgres.conflicts import is_conflict
from dexec.adapters.postgres.connection import Connect

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0

_ACCESS, _CONNECTION = "28", "08"

_EXISTS = frozenset({"42P06", "42P07", "42701", "42710"})
"""The schema, table or index, column, or role is there already."""


class PatientConnection:
    """Runs one statement after the other, each a transaction of its own, repeated until it succeeds.

    ``connect`` opens the connection, also after it was lost; ``patience_s`` is how long one statement is
    tried. ``sleep`` and ``monotonic`` are the time.
    """

    def __init__(
        self,
        connect: Connect,
        patience_s: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._patience_s = patience_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def __enter__(self) -> PatientConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def execute(self, statement: QueryNoTemplate, params: Params | None = None) -> list[tuple[object, ...]]:
        """Run ``statement`` and return its rows; none if an earlier try turns out to have executed it.

        Raises ``psycopg.Error``: at once if it is not transient, else once ``patience_s`` has passed.
        """
        give_up = self._monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        repeated = False
        while True:
            try:
                return self._run(statement, params)
            except psycopg.Error as exc:
                # A try whose connection was lost may have committed.
                if repeated and exc.sqlstate in _EXISTS:
                    return []
                if not passes(exc) or self._monotonic() + pause_s > give_up:
                    raise
                if not is_conflict(exc):
                    self._close()
            self._sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            repeated = True

    def _run(self, statement: QueryNoTemplate, params: Params | None) -> list[tuple[object, ...]]:
        if self._connection is None:
            self._connection = self._connect()
        cursor = self._connection.execute(statement, params)
        return cursor.fetchall() if cursor.description else []

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


def passes(error: psycopg.Error) -> bool:
    """Whether an error is transient: a conflict, no access yet, no connection."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return is_conflict(error) or state.startswith((_ACCESS, _CONNECTION, "57P0", "53"))
