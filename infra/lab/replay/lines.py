"""Files of JSON objects, one a line; what is wrong is said with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dexec.domain.errors import Invalid


def json_lines(text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield where each object stands, and the object; empty lines and ``#`` are passed over.

    Raises ``Invalid``.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        where = f"line {number}"
        try:
            # Amounts and prices keep their digits.
            fields = json.loads(line, parse_float=str)
        except ValueError as exc:
            raise Invalid(f"{where} is no JSON: {exc}") from exc
        if not isinstance(fields, dict):
            raise Invalid(f"{where} is no JSON object")
        yield where, fields


def text_of(fields: dict[str, object], name: str, where: str) -> str:
    """Return a text or a number as text. Raises ``Invalid``."""
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Invalid(f"{where}: {name} is missing" if found is None else f"{where}: {name} is no text")
    return str(found)


def whole_number(fields: dict[str, object], name: str, where: str) -> int:
    """Return a whole number. Raises ``Invalid``."""
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Invalid(f"{where}: {name} is no whole number")
    return found
