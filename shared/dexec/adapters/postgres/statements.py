"""The named statements in ``sql/``, as they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from psycopg.adapt import PyFormat

_SQL = Path(__file__).parent / "sql"
_PLACEHOLDER = re.compile(r"%\((\w+)\)([sb])")


@dataclass(frozen=True, slots=True)
class Statement:
    """A named statement and its parameters."""

    name: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement with numbered placeholders; ``names`` and ``formats`` say what the numbers stand for."""

    text: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]


@cache
def sql(name: str) -> bytes:
    """Return the statement in ``sql/<name>.sql``, without its comments."""
    lines = (_SQL / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).encode()


@cache
def compiled(name: str) -> Compiled:
    """Return ``sql/<name>.sql`` with numbered placeholders; what stands as ``%(x)b`` is sent in binary."""
    formats: dict[str, PyFormat] = {}

    def number(found: re.Match[str]) -> str:
        formats.setdefault(found[1], PyFormat.BINARY if found[2] == "b" else PyFormat.AUTO)
        return f"${[*formats].index(found[1]) + 1}"

    text = _PLACEHOLDER.sub(number, sql(name).decode())
    return Compiled(text.encode(), tuple(formats), tuple(formats.values()))
