"""The ``Probe`` port on PostgreSQL."""

from __future__ import annotations

from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Statement


class PostgresProbe:
    """Reads one row of the smallest table, which exists once the migrations ran."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def probe(self) -> None:
        """Read it."""
        self._database.fetch(Statement("probe", {}), Repeat.READ)
