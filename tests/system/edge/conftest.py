"""The functions in this process, with a client, a second one, and orders that only the first may see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.edge.inprocess import Deployment, deployed

OWNER = "owner-key"
STRANGER = "stranger-key"


@pytest.fixture
def functions(clean_url: str) -> Iterator[Deployment]:
    """Return the functions over an empty database, and the keys of two clients in it."""
    with deployed(clean_url) as deployment:
        deployment.add_key(OWNER, "owner")
        deployment.add_key(STRANGER, "stranger")
        yield deployment
