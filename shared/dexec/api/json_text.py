"""Strict, bounded parsing of the JSON that clients send."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn

from dexec.api.problems import Malformed

MAX_NUMBER_LENGTH = 100
"""Characters of a JSON number: making an integer of digits takes time that grows with their square."""

MAX_EXPONENT = 999
"""A decimal of nine characters, 1e9999999, is an integer of ten million digits to whoever asks for one."""


def load_object(text: str, source: str = "body") -> dict[str, object]:
    """Return the JSON object in ``text``; its decimals are ``Decimal``. Raises ``Malformed``, nothing else.

    ``source`` is what ``text`` is to whoever sent it: the body of a request, or a frame. Numbers are bounded
    before they are made. A name that stands twice in an object is refused: parsers differ in which of the two
    values they take.
    """
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_refuse,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as exc:
        raise Malformed(f"the {source} is not valid JSON") from exc
    if not isinstance(value, dict):
        raise Malformed(f"the {source} is not a JSON object")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise Malformed(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_LENGTH:
        raise Malformed(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise Malformed(f"a number has an exponent beyond ±{MAX_EXPONENT}")
    return Decimal(text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Malformed("an object has two fields of the same name")
    return fields


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
