"""Brings the schema up to date: the files of ``migrations/`` in order of their names, each once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from dexec.adapters.postgres.bounded import BoundedConnection

_FOLDER = Path(__file__).parent / "migrations"
_JOURNAL = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)"


def migrations_hash() -> str:
    """Return a hash that changes with every change to the migrations."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.glob("*.sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def migrate(connection: BoundedConnection, now: datetime, *, dsql: bool) -> list[str]:
    """Apply what is missing and return the names of the files that were applied.

    Each statement is a transaction of its own, as Aurora DSQL wants it, and can be repeated, so a run
    that broke off is simply run again. Raises ``psycopg.Error``.
    """
    connection.execute(_JOURNAL)
    done = {row[0] for row in connection.execute("SELECT name FROM migrations").fetchall()}
    applied = []
    for path in sorted(_FOLDER.glob("*.sql")):
        if path.stem in done:
            continue
        for statement in statements(path.read_text(encoding="utf-8"), dsql=dsql):
            connection.execute(statement.encode())
        connection.execute(
            "INSERT INTO migrations (name, applied_at) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
            (path.stem, now),
        )
        applied.append(path.stem)
    return applied


def statements(script: str, *, dsql: bool) -> Iterator[str]:
    """Yield the statements of a migration; without ``dsql`` the ASYNC of its indexes is dropped."""
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    for statement in without_comments.split(";"):
        if text := statement.strip():
            yield text if dsql else re.sub(r"^CREATE( UNIQUE)? INDEX ASYNC", r"CREATE\1 INDEX", text)
