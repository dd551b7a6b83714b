"""Named queries: loads ``sql/<name>.sql`` and compiles its named parameters to numbered ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SQL = Path(__file__).parent / "sql"
_PART = re.compile(r"\{\{(\w+) (\w+)\}\}")
_PLACEHOLDER = re.compile(r"%\((\w+)\)(?:s|b::(\w+)\[\])")


Row = dict[str, object]
"""A row of a result, by column name."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A named statement and its parameters."""

    name: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement with numbered placeholders.

    ``names`` are the parameters in order of their numbers; ``arrays`` the index and element type of arrays.
    """

    text: bytes
    names: tuple[str, ...]
    arrays: tuple[tuple[int, str], ...]


@cache
def sql(name: str) -> bytes:
    """Return the statement in ``sql/<name>.sql``, without its comments.

    ``{{part row}}`` stands for what ``sql/parts/<part>.sql`` says of the row that it calls ``o``.
    """
    return _PART.sub(lambda found: _part(found[1], found[2]), _text(name)).encode()


def _part(name: str, row: str) -> str:
    text = _text(f"parts/{name}").replace("{{o}}", row)
    return _PART.sub(lambda found: _part(found[1], row), text)


def _text(name: str) -> str:
    lines = (_SQL / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


@cache
def compiled(name: str) -> Compiled:
    """Return ``sql/<name>.sql`` with numbered placeholders; ``%(x)b::text[]`` is an array sent in binary."""
    elements: dict[str, str | None] = {}

    def number(found: re.Match[str]) -> str:
        elements.setdefault(found[1], found[2])
        cast = f"::{found[2]}[]" if found[2] else ""
        return f"${[*elements].index(found[1]) + 1}{cast}"

    text = _PLACEHOLDER.sub(number, sql(name).decode())
    arrays = tuple((place, element) for place, element in enumerate(elements.values()) if element)
    return Compiled(text.encode(), tuple(elements), arrays)
