"""Each error has a status for clients."""

from __future__ import annotations

import pytest

from dexec.api.problems import MEANINGS, status_of
from dexec.domain import errors
from dexec.domain.errors import DexecError


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Unauthenticated", 401),
        ("NotFound", 404),
        ("IdempotencyConflict", 409),
        ("ConnectionUnknown", 410),
        ("Invalid", 422),
        ("TooManyOrders", 429),
        ("TooManyReads", 429),
        ("TooManyConnections", 429),
        ("StoreConflict", 503),
        ("OrderWithdrawn", 503),
        ("VenueUnavailable", 503),
        ("NotReady", 503),
        ("NoVenue", 503),
        ("CommitUnknown", 504),
        ("SendUnknown", 504),
        ("BlockhashExpired", 422),
        ("InsufficientLiquidity", 422),
        ("LeaseLost", 500),
        ("IllegalTransition", 500),
    ],
)
def test_an_error_has_the_status_of_its_branch(name: str, status: int) -> None:
    kind: type[DexecError] = getattr(errors, name)
    assert status_of(kind.__new__(kind)) == status
    assert status in MEANINGS or name == "ConnectionUnknown", "only the WebSocket has connections"
