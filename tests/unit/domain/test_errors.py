"""The tree of errors is the one that its module draws, and each of them has a status for clients."""

from __future__ import annotations

import pytest

from dexec.api.problems import MEANINGS, status_of
from dexec.domain import errors
from dexec.domain.errors import DexecError


def drawn() -> dict[str, str]:
    """Return the base of each error by its name, as the docstring draws them."""
    bases, path = {}, ["Exception"]
    _, _, tree = str(errors.__doc__).partition("\n\n")[2].partition("\n\n")
    for line in tree.partition("\n\n")[0].splitlines():
        name = line.split()[0]
        depth = 1 + (len(line) - len(line.lstrip())) // 2
        bases[name] = path[depth - 1]
        path[depth:] = [name]
    return bases


def defined() -> dict[str, type[DexecError]]:
    own = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    return {name: kind for name, kind in own.items() if issubclass(kind, DexecError)}


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert drawn() == {name: kind.__base__.__name__ for name, kind in defined().items() if kind.__base__}


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
    kind = defined()[name]
    assert status_of(kind.__new__(kind)) == status
    assert status in MEANINGS or name == "ConnectionUnknown", "only the WebSocket has connections"
