"""Runs named statements over one PostgreSQL connection, opened on first use, with retries and time-outs.

A Lambda environment serves one invocation at a time, so one connection is enough and a pool is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

import psycopg

from dexec.adapters.kept import Kept, Now, wall_clock
from dexec.adapters.postgres.conflicts import Backoff, is_conflict
from dexec.adapters.postgres.connection import AnswerTimeout, BoundedConnection, Connect
from dexec.adapters.postgres.pipeline import Committed, Pipeline
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.errors import CommitUnknown, StoreConflict, StoreUnavailable

T = TypeVar("T")


class Repeat(Enum):
    """What may be done when the connection is lost while a statement runs."""

    READ = auto()
    """It changes nothing: run it again; if that fails too, the store is unavailable."""

    HARMLESS = auto()
    """Running it twice equals running it once: run it again; if that fails too, its commit is unknown."""

    NEVER = auto()
    """Its commit is unknown at once."""


class Database:
    """Runs named statements over one lazily opened connection.

    Every method is one round trip; a conflict with another transaction costs another one, until ``backoff``
    ends the retries and ``StoreConflict`` is raised. Raises ``StoreUnavailable`` if nothing was changed;
    ``CommitUnknown`` if that is not known, or if the writes are committed and the reads after them failed.
    ``now`` is the clock that measures a connection's age and idle time.
    """

    def __init__(self, connect: Connect, *, backoff: Backoff | None = None, now: Now = wall_clock) -> None:
        self._connect = connect
        self._backoff = backoff or Backoff()
        self._now = now
        self._pipeline: Pipeline | None = None
        self._kept = Kept(now)

    def fetch(self, statement: Statement, repeat: Repeat) -> list[Row]:
        """Run one statement, a transaction of its own, and return its rows."""
        if repeat is Repeat.READ:
            return self.transact([], [statement], repeat)[1][0]
        return self.transact([statement], [], repeat)[0][0]

    def transact(
        self, writes: Sequence[Statement], reads: Sequence[Statement], repeat: Repeat
    ) -> tuple[list[list[Row]], list[list[Row]]]:
        """Run ``writes`` in one transaction, commit, then run ``reads``: one pipelined round trip.

        The reads see what others committed before this commit, whatever the isolation level: that is
        why "write, commit, read the other's table" misses no watcher.
        """
        try:
            return self._run(lambda pipeline: pipeline.run(writes, reads), repeat)
        except Committed as committed:
            return committed.written, self._read_after(committed, reads)

    def _read_after(self, committed: Committed, reads: Sequence[Statement]) -> list[list[Row]]:
        """Repeat the reads of a pipeline whose writes are committed."""
        message = "the order store committed, but could not be read afterwards"
        if isinstance(committed.__cause__, AnswerTimeout | psycopg.errors.QueryCanceled):
            raise CommitUnknown(message) from committed.__cause__
        try:
            return self._run(lambda pipeline: pipeline.run([], reads), Repeat.READ)[1]
        except StoreUnavailable as exc:
            raise CommitUnknown(message) from exc

    def close(self) -> None:
        """Close the connection, if one is open."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            with suppress(psycopg.Error):
                pipeline.connection.close()

    def _run(self, work: Callable[[Pipeline], T], repeat: Repeat) -> T:
        trial = _Trial(repeat, self._backoff.start())
        while True:
            pipeline = self._open(trial)
            try:
                return work(pipeline)
            except Committed as committed:
                # Only the reads are repeated now, on a connection without stale prepared statements.
                self._clear(pipeline.connection, committed.__cause__)
                raise
            except psycopg.Error as exc:
                self._recover(pipeline.connection, exc, trial)

    def _recover(self, connection: BoundedConnection, error: psycopg.Error, trial: _Trial) -> None:
        """Return if the work may be repeated; otherwise raise the domain error that ``error`` means."""
        if is_conflict(error):
            self._roll_back(connection)
            if not trial.may_repeat():
                raise trial.refused(StoreConflict("the order store is busy")) from error
        elif isinstance(error, psycopg.OperationalError):
            if not connection.broken and not connection.closed:
                self._roll_back(connection)
                raise trial.refused(StoreUnavailable("the order store rejected the statement")) from error
            self.close()
            # A server that hangs is not asked again: the caller has waited long enough.
            if trial.is_lost or trial.repeat is Repeat.NEVER or isinstance(error, AnswerTimeout):
                raise _given_up(trial.repeat) from error
            trial.is_lost = True
        elif isinstance(error, psycopg.errors.FeatureNotSupported) and not trial.is_stale:
            # A migration has changed the result of a prepared statement: nothing was committed.
            self.close()
            trial.is_stale = True
        else:
            self._roll_back(connection)
            raise error

    def _open(self, trial: _Trial) -> Pipeline:
        if self._pipeline is not None and not self._pipeline.connection.closed:
            if self._kept.use():
                return self._pipeline
            self.close()
        try:
            self._pipeline = Pipeline(self._connect())
        except psycopg.Error as exc:
            raise trial.refused(StoreUnavailable("the order store cannot be reached")) from exc
        self._kept = Kept(self._now)
        return self._pipeline

    def _clear(self, connection: BoundedConnection, cause: BaseException | None) -> None:
        if isinstance(cause, psycopg.errors.FeatureNotSupported) or connection.closed:
            self.close()
        else:
            self._roll_back(connection)

    def _roll_back(self, connection: BoundedConnection) -> None:
        try:
            connection.rollback()
        except psycopg.Error:
            self.close()


@dataclass(slots=True)
class _Trial:
    """The state of one piece of work: whether a connection was lost, or a prepared statement stale."""

    repeat: Repeat
    may_repeat: Callable[[], bool]
    is_lost: bool = False
    is_stale: bool = False

    def refused(self, error: StoreUnavailable) -> StoreUnavailable | CommitUnknown:
        """Return the error to raise if the last try changed nothing: an earlier one may have."""
        if self.is_lost and self.repeat is not Repeat.READ:
            return CommitUnknown("the connection to the order store was lost during a commit")
        return error


def _given_up(repeat: Repeat) -> StoreUnavailable | CommitUnknown:
    if repeat is Repeat.READ:
        return StoreUnavailable("the order store cannot be reached")
    return CommitUnknown("the connection to the order store was lost during a commit")
