"""Times as clients see them."""

from __future__ import annotations

from datetime import datetime


def iso(moment: datetime) -> str:
    """Return a UTC time in ISO 8601, to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def iso_or_none(moment: datetime | None) -> str | None:
    """Return a time like ``iso``, or None for none."""
    return None if moment is None else iso(moment)
