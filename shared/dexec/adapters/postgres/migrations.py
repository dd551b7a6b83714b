"""Schema migrations: applies the files of ``migrations/`` in order of their names, each once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from psycopg import sql

from dexec.adapters.postgres.connection import BoundedConnection, Connect
from dexec.adapters.postgres.patient import PatientConnection

APPLICATION_ROLE = "dexec"
"""The database role of the functions in an Aurora DSQL cluster; elsewhere the URL names it."""

MIGRATION_TIMEOUT_S = 540
"""For one statement: building an index over a long history takes its time."""

PATIENCE_S = 5
DSQL_PATIENCE_S = 120
"""For transient errors: a new cluster, role or grant takes up to a minute to be visible everywhere."""

_STORAGE_PARAMETERS = re.compile(r"ALTER TABLE [\w.]+ SET \(")

_FOLDER = Path(__file__).parent / "migrations"
_JOURNAL = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)"


def migrate(
    connect: Connect, now: datetime, *, dsql: bool = False, role_arns: Iterable[str] = ()
) -> list[str]:
    """Apply missing migrations, grant ``role_arns`` access (Aurora DSQL), and return the files applied.

    Each statement is a transaction of its own, as Aurora DSQL wants it, and can be repeated, so a run
    that broke off is simply run again. Raises ``psycopg.Error``.
    """

    def unhurried() -> BoundedConnection:
        connection = connect()
        connection.answer_timeout_s = MIGRATION_TIMEOUT_S
        if not dsql:
            connection.limit_statements(MIGRATION_TIMEOUT_S)
        return connection

    with PatientConnection(unhurried, DSQL_PATIENCE_S if dsql else PATIENCE_S) as connection:
        applied = _apply_missing(connection, now, dsql=dsql)
        if dsql:
            _grant_access(connection, role_arns)
    return applied


def _apply_missing(connection: PatientConnection, now: datetime, *, dsql: bool) -> list[str]:
    connection.execute(_JOURNAL)
    done = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    missing = [path for path in sorted(_FOLDER.glob("*.sql")) if path.stem not in done]
    for path in missing:
        for statement in statements(path.read_text(encoding="utf-8"), dsql=dsql):
            # In batches: Aurora DSQL changes at most 3,000 rows in a transaction.
            while connection.execute(statement.encode()) and statement.startswith("UPDATE"):
                pass
        connection.execute(
            "INSERT INTO migrations (name, applied_at) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
            (path.stem, now),
        )
    return [path.stem for path in missing]


def _grant_access(connection: PatientConnection, role_arns: Iterable[str]) -> None:
    """Let IAM roles use the tables of an Aurora DSQL cluster, as the database role ``dexec``.

    Everything here can be repeated; what was granted before stays granted.
    """
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APPLICATION_ROLE,)):
        connection.execute(f"CREATE ROLE {APPLICATION_ROLE} WITH LOGIN".encode())
    mapped = connection.execute(
        "SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = %s", (APPLICATION_ROLE,)
    )
    for arn in sorted(set(role_arns) - {str(row[0]) for row in mapped}):
        connection.execute(sql.SQL(f"AWS IAM GRANT {APPLICATION_ROLE} TO {{}}").format(sql.Literal(arn)))
    for schema in ("public", "paper"):
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {APPLICATION_ROLE}".encode())
        rights = "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {APPLICATION_ROLE}".encode())


def statements(script: str, *, dsql: bool) -> Iterator[str]:
    """Yield the statements of a migration as the database takes them.

    Indexes are ASYNC with ``dsql`` alone, and it has no storage parameters, which are left out.
    """
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    for statement in without_comments.split(";"):
        text = statement.strip()
        if not text or (dsql and _STORAGE_PARAMETERS.match(text)):
            continue
        yield text if dsql else re.sub(r"^CREATE( UNIQUE)? INDEX ASYNC", r"CREATE\1 INDEX", text)
