"""Statements sent together: one write to the server, one read of all its answers.

This is libpq's pipeline without psycopg's, which sends each statement by itself and makes a cursor for it:
that was the larger part of what an order cost. What adapts values is psycopg's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format

from dexec.adapters.postgres.statements import Statement, compiled

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGresult

    from dexec.adapters.postgres.bounded import BoundedConnection

Row = dict[str, object]
_Call = Callable[[], None]

_BEGIN = b"BEGIN"
_COMMIT = b"COMMIT"


class Exchange:
    """Exchanges with the server over one connection.

    A statement is prepared when it first comes: parsed, and soon planned, once and not for every order.
    """

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        self._transformer = Transformer(connection)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._prepared: set[bytes] = set()

    def __call__(
        self, writes: Sequence[Statement], reads: Sequence[Statement]
    ) -> tuple[list[list[Row]], list[list[Row]]]:
        """Run ``writes`` in one transaction, commit, then run ``reads``; return the rows of each.

        Raises the ``psycopg.Error`` of the first that failed, after which none was run.
        """
        # Up to its Sync libpq's pipeline is one implicit transaction, so the bounds of ours are spelled out.
        statements: Sequence[Statement | bytes] = [_BEGIN, *writes, _COMMIT, *reads] if writes else reads
        rows = [self._rows(result) for result in self._run(statements)]
        return rows[1 : len(writes) + 1], rows[len(rows) - len(reads) :]

    def _run(self, statements: Sequence[Statement | bytes]) -> list[PGresult]:
        """Return the result of each statement, named or plain."""
        calls: list[_Call] = []
        preparing: dict[bytes, int] = {}
        running: list[int] = []
        for statement in statements:
            if isinstance(statement, bytes):
                execute: _Call = partial(self._connection.pgconn.send_query_params, statement, None)
            else:
                name, prepare, execute = self._calls(statement)
                if name not in self._prepared and name not in preparing:
                    preparing[name] = len(calls)
                    calls.append(prepare)
            running.append(len(calls))
            calls.append(execute)
        results = self._communicate(calls)
        self._prepared.update(
            name for name, place in preparing.items() if results[place].status == ExecStatus.COMMAND_OK
        )
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result, self._transformer.encoding)
        return [results[place] for place in running]

    def _calls(self, statement: Statement) -> tuple[bytes, _Call, _Call]:
        """Return the name under which a statement is prepared, and what prepares and what runs it."""
        code, pgconn = compiled(statement.name), self._connection.pgconn
        params = [statement.params[name] for name in code.names]
        values = self._transformer.dump_sequence(params, code.formats)
        # How a value is sent depends on it: a number by its size, nothing as nothing.
        types, formats = self._transformer.types or (), self._transformer.formats
        key = statement.name, types
        name = self._names.setdefault(key, f"{statement.name}_{len(self._names)}".encode())
        prepare = partial(pgconn.send_prepare, name, code.text, types)
        execute = partial(pgconn.send_query_prepared, name, values, formats, Format.BINARY)
        return name, prepare, execute

    def _communicate(self, calls: Sequence[_Call]) -> list[PGresult]:
        try:
            return self._connection.wait(_pipeline(self._connection, calls))
        except BaseException:
            # What is still to come must not meet the next statements.
            self._connection.pgconn.finish()
            raise

    def _rows(self, result: PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
        self._transformer.set_pgresult(result)

        def row(values: Sequence[object]) -> Row:
            return dict(zip(names, values, strict=True))

        return self._transformer.load_rows(0, result.ntuples, row)


def _pipeline(connection: BoundedConnection, calls: Sequence[_Call]) -> PQGen[list[PGresult]]:
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    for call in calls:
        call()
    pgconn.pipeline_sync()
    yield from send(pgconn)
    results: list[PGresult] = []
    for _ in calls:
        results += yield from fetch_many(pgconn)
    if not (yield from fetch_many(pgconn)):
        raise errors.OperationalError("the connection ended before the last answer")
    pgconn.exit_pipeline_mode()
    return results
