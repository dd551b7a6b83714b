"""What the tests of the store's connections share: statements, pauses, connections counted and cut."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from dexec.adapters.postgres.conflicts import Backoff
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.statements import Statement
from tests.conftest import Connecting, Isolation

READING = Statement("find_api_key", {"key_hash": "h"})
WRITING = Statement("drop_orphaned_watchers", {"limit": 10})
COUNTING = Statement("count_push_failures", {"connection_ids": ["c"]})
"""Counts the times that it was committed."""

CONNECTION = "INSERT INTO connections VALUES ('c', 'alice', 'h', false, 0, now())"

LONGEST_PAUSES = [0.02, 0.04, 0.08, 0.16, *[0.25] * 6]
"""Those that end within two seconds of the first try."""

RETRIES = len(LONGEST_PAUSES)


class Opening(list[BoundedConnection]):
    """Opens connections and holds those that it opened."""

    def __init__(self, connect: Callable[[], BoundedConnection]) -> None:
        super().__init__()
        self._connect = connect

    def __call__(self) -> BoundedConnection:
        self.append(self._connect())
        return self[-1]


def cut(connection: BoundedConnection, connecting: Connecting) -> None:
    """Close a connection from the server's side."""
    with connecting(Isolation.READ_COMMITTED) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))


def overtake(work: Callable[[], object], connection: BoundedConnection, other: BoundedConnection) -> None:
    """Run work that waits, on its connection, for another one's change of the same row, and loses to it."""
    thread = Thread(target=work)
    with other.transaction():
        other.execute("UPDATE connections SET push_failures = push_failures + 10")
        thread.start()
        wait_until_blocked(other, connection.info.backend_pid)
    thread.join()


def wait_until_blocked(connection: BoundedConnection, pid: int) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    for _ in range(300):
        if connection.execute(waiting, (pid,)).fetchone() == (1,):
            return
        connection.execute("SELECT pg_sleep(0.005)")
        connection.execute("SELECT pg_stat_clear_snapshot()")
    pytest.fail("nobody waits")


def instant() -> tuple[Backoff, list[float]]:
    """Return a backoff with the longest pauses, which take no time, and the list of them."""
    paused: list[float] = []
    return Backoff(sleep=paused.append, uniform=max, monotonic=lambda: sum(paused)), paused
