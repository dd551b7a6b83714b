"""Times on the command line: lengths such as ``90s``, ``2h``, ``7d``, and times in ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")


def duration(text: str) -> timedelta | None:
    """Return the length of time that a text says, None where it says none."""
    found = _DURATION.fullmatch(text.strip())
    return None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})


def end_of(text: str, now: datetime) -> str:
    """Return a time in ISO 8601: so long after ``now``, or as it is given. Raises ``BadParameter``."""
    length = duration(text)
    if length is not None:
        return (now + length).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        known = "90s, 30m, 2h, 7d or a time such as 2030-01-31T12:00:00Z"
        raise typer.BadParameter(f"--expires takes {known}, not {text!r}") from None
    return text
