"""PostgreSQL's binary form of an array of one dimension.

psycopg finds the type of a list in the list, element by element; here the statement's cast names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct, error
from typing import cast

from psycopg.errors import NumericValueOutOfRange

_HEAD = Struct("!iiIii")
_EMPTY = Struct("!iiI")
_LENGTH = Struct("!i")
_INT, _BIGINT = Struct("!i"), Struct("!q")
_NULL = _LENGTH.pack(-1)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _timestamptz(moment: object) -> bytes:
    return _BIGINT.pack((cast(datetime, moment) - _EPOCH) // _MICROSECOND)


def _text(value: object) -> bytes:
    return cast(str, value).encode()


_ELEMENTS: Mapping[str, tuple[int, Callable[[object], bytes]]] = {
    "int": (23, _INT.pack),
    "bigint": (20, _BIGINT.pack),
    "text": (25, _text),
    "timestamptz": (1184, _timestamptz),
}
"""The object id of each element type, and its binary form."""


def encode_array(element: str, given: object) -> bytes:
    """Return ``given``, a sequence, as an array of ``element`` (a type of ``_ELEMENTS``); None is NULL.

    Raises ``NumericValueOutOfRange`` for an integer that the type cannot hold, as the server would.
    """
    items = cast(Sequence[object], given)
    oid, encode = _ELEMENTS[element]
    if not items:
        return _EMPTY.pack(0, 0, oid)
    data = [_HEAD.pack(1, None in items, oid, len(items), 1)]
    try:
        for item in items:
            if item is None:
                data.append(_NULL)
            else:
                encoded = encode(item)
                data += (_LENGTH.pack(len(encoded)), encoded)
    except error as exc:
        raise NumericValueOutOfRange(f"an element is not of type {element}: {exc}") from exc
    return b"".join(data)
