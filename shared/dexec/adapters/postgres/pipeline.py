"""Pipelined statements: all are sent in one write to the server, and all its answers read at once.

This uses libpq's pipeline mode directly. psycopg's own sends each statement by itself and makes a cursor for
it, which was the larger part of what an order cost. Values are adapted by psycopg.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from psycopg import Error, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ExecStatus, Format

from dexec.adapters.postgres.arrays import encode_array
from dexec.adapters.postgres.connection import BoundedConnection
from dexec.adapters.postgres.statements import Row, Statement, compiled

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGresult

_Call = Callable[[], None]

_BEGIN = Statement("begin", {})
_COMMIT = Statement("commit", {})
_COMMITTED = b"COMMIT"


class Committed(Exception):
    """The writes of a pipeline are committed, but the reads after them failed: the cause says why.

    ``written`` are the rows of each write. They must not be written again.
    """

    def __init__(self, written: list[list[Row]]) -> None:
        super().__init__("committed, but not read")
        self.written = written


class Pipeline:
    """Runs named statements over one connection, which is ``connection``.

    A statement is prepared when it is first used: parsed, and soon planned, once and not for every order.
    Where the connection has no pipelines, the same statements are sent one after the other.
    """

    def __init__(self, connection: BoundedConnection) -> None:
        self.connection = connection
        self._transformer = Transformer(connection)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._prepared: set[bytes] = set()

    def run(
        self, writes: Sequence[Statement], reads: Sequence[Statement]
    ) -> tuple[list[list[Row]], list[list[Row]]]:
        """Run ``writes`` in one transaction, commit, then run ``reads``; return the rows of each.

        Raises the ``psycopg.Error`` of the first that failed, after which none was run; ``Committed`` from
        it when the server had acknowledged the commit by then. The writes of a pipeline that failed with
        an answer of the server, and without that acknowledgement, were rolled back; or are so by the
        ``rollback`` that the connection needs then.
        """
        # Up to its Sync, libpq's pipeline is one implicit transaction, so BEGIN and COMMIT are explicit.
        statements = [_BEGIN, *writes, _COMMIT, *reads] if writes else [*reads]
        calls, preparing, running = self._calls_of(statements)
        results: list[PGresult] = []
        try:
            self._communicate(calls, results)
            self._check(results, preparing)
        except Error as exc:
            if writes and _is_committed(results, running[len(writes) + 1]):
                raise Committed(self._written(results, running, len(writes))) from exc
            raise
        written = self._written(results, running, len(writes))
        return written, [self._rows(results[place]) for place in running[len(running) - len(reads) :]]

    def _calls_of(self, statements: Sequence[Statement]) -> tuple[list[_Call], dict[bytes, int], list[int]]:
        """Return the calls that run statements, and which of them prepare what and run which statement."""
        calls: list[_Call] = []
        preparing: dict[bytes, int] = {}
        running: list[int] = []
        for statement in statements:
            name, prepare, execute = self._calls(statement)
            if name not in self._prepared and name not in preparing:
                preparing[name] = len(calls)
                calls.append(prepare)
            running.append(len(calls))
            calls.append(execute)
        return calls, preparing, running

    def _check(self, results: Sequence[PGresult], preparing: Mapping[bytes, int]) -> None:
        """Record the statements that are now prepared; raise the first error among ``results``."""
        self._prepared.update(
            name
            for name, place in preparing.items()
            if place < len(results) and results[place].status == ExecStatus.COMMAND_OK
        )
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result, self._transformer.encoding)

    def _calls(self, statement: Statement) -> tuple[bytes, _Call, _Call]:
        """Return the name under which a statement is prepared, and what prepares and what runs it."""
        code, pgconn = compiled(statement.name), self.connection.pgconn
        params = [statement.params[name] for name in code.names]
        arrays = [(place, encode_array(element, params[place])) for place, element in code.arrays]
        for place, _ in arrays:
            params[place] = None
        values = [*self._transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))]
        # The type sent depends on the value: an integer's on its size, NULL has none.
        types, formats = self._transformer.types or (), [*(self._transformer.formats or ())]
        for place, array in arrays:
            values[place], formats[place] = array, Format.BINARY
        key = statement.name, types
        name = self._names.setdefault(key, f"{statement.name}_{len(self._names)}".encode())
        prepare = partial(pgconn.send_prepare, name, code.text, types)
        execute = partial(pgconn.send_query_prepared, name, values, formats, Format.BINARY)
        return name, prepare, execute

    def _communicate(self, calls: Sequence[_Call], results: list[PGresult]) -> None:
        """Make the calls, and append the answers to ``results`` as far as they come."""
        ask = _pipeline if self.connection.has_pipelines else _one_by_one
        try:
            self.connection.wait(ask(self.connection, calls, results))
        except BaseException:
            # Late answers must not be read as those of the next statements.
            self.connection.pgconn.finish()
            raise

    def _written(self, results: Sequence[PGresult], running: Sequence[int], writes: int) -> list[list[Row]]:
        return [self._rows(results[place]) for place in running[1 : writes + 1]]

    def _rows(self, result: PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
        self._transformer.set_pgresult(result)

        def row(values: Sequence[object]) -> Row:
            return dict(zip(names, values, strict=True))

        return self._transformer.load_rows(0, result.ntuples, row)


def _is_committed(results: Sequence[PGresult], place: int) -> bool:
    """Whether the server has acknowledged the commit at ``place``."""
    # A transaction that cannot be committed is answered with ROLLBACK.
    return len(results) > place and results[place].command_status == _COMMITTED


def _pipeline(connection: BoundedConnection, calls: Sequence[_Call], results: list[PGresult]) -> PQGen[None]:
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    for call in calls:
        call()
    pgconn.pipeline_sync()
    yield from send(pgconn)
    for _ in calls:
        results += yield from fetch_many(pgconn)
    if not (yield from fetch_many(pgconn)):
        raise errors.OperationalError("the connection ended before the last answer")
    pgconn.exit_pipeline_mode()


def _one_by_one(
    connection: BoundedConnection, calls: Sequence[_Call], results: list[PGresult]
) -> PQGen[None]:
    """Wait for each answer before the next call; as in a pipeline, nothing runs after the first error."""
    for call in calls:
        call()
        results += yield from execute(connection.pgconn)
        if results[-1].status == ExecStatus.FATAL_ERROR:
            return
