"""Arrays as they are sent: what psycopg would send for the same list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import NumericValueOutOfRange
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int4, Int8

from dexec.adapters.postgres.arrays import encode_array

MOMENT = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("element", "items", "same"),
    [
        ("int", [1, -2, 2**31 - 1], [Int4(1), Int4(-2), Int4(2**31 - 1)]),
        ("bigint", [0, -(2**63)], [Int8(0), Int8(-(2**63))]),
        ("text", ["quotes", None, "", 'ü\n"{,}'], ["quotes", None, "", 'ü\n"{,}']),
        ("timestamptz", [MOMENT, LATER], [MOMENT, LATER]),
    ],
)
def test_an_array_is_the_one_that_psycopg_sends(
    element: str, items: Sequence[object], same: Sequence[object]
) -> None:
    dumper = ListBinaryDumper(list, Transformer()).upgrade(list(same), PyFormat.BINARY)
    assert encode_array(element, items) == dumper.dump(list(same))


def test_an_empty_array_has_no_dimensions() -> None:
    assert encode_array("text", []) == bytes.fromhex("00000000 00000000 00000019")


@pytest.mark.parametrize(("element", "number"), [("int", 2**31), ("bigint", 2**63), ("bigint", -(2**63) - 1)])
def test_a_number_that_the_type_cannot_hold_is_refused_as_the_server_would(element: str, number: int) -> None:
    with pytest.raises(NumericValueOutOfRange, match=element):
        encode_array(element, [number])
