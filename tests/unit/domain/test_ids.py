"""Order ids: UUIDs of version 7, which say when an order was accepted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dexec.domain.ids import order_id, time_of


@pytest.mark.parametrize(
    ("randomness", "last"), [(bytes(10), "70008000000000000000"), (b"\xff" * 10, "7fffbfffffffffffffff")]
)
def test_an_id_has_milliseconds_version_variant_and_randomness(randomness: bytes, last: str) -> None:
    at = datetime(2026, 1, 1, 0, 0, 0, 123_999, UTC)
    assert order_id(at, randomness) == f"ord_019b76daa87b{last}"
    assert time_of(order_id(at, randomness)) == at.replace(microsecond=123_000)
