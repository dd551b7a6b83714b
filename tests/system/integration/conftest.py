"""The functions in this process, over a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.edge.inprocess import Deployment, deployed

KEY = "alice's key"


@pytest.fixture
def deployment(clean_url: str) -> Iterator[Deployment]:
    """Return every function over an empty database, and a client."""
    with deployed(clean_url, log_level="CRITICAL") as deployment:
        deployment.add_key(KEY, "alice")
        yield deployment
