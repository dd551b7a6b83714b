"""Lengths of time on the command line: ``90s``, ``2h``, ``7d``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


def duration(text: str) -> timedelta | None:
    """Return the length of time that a text says, None where it says none."""
    found = _DURATION.fullmatch(text.strip())
    return None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})


def end_of(text: str, now: datetime) -> str:
    """Return a time in ISO 8601: so long after ``now``, or as it is given."""
    length = duration(text)
    return text if length is None else (now + length).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
