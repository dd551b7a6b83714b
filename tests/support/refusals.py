"""Errors as a database raises them."""

from __future__ import annotations

import psycopg
from psycopg.errors import lookup


def refusal(state: str | None) -> psycopg.Error:
    """Return the error of an SQLSTATE, also of one that psycopg has no class for; None: no connection."""
    if state is None:
        return psycopg.OperationalError("connection refused")
    try:
        return lookup(state)(state)
    except KeyError:
        error = psycopg.DatabaseError(state)
        error.sqlstate = state
        return error
