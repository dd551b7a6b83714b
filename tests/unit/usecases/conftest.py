"""A world with the ports in memory, and a client."""

from __future__ import annotations

import pytest

from dexec.ports import ApiKey
from tests.proofs.simulation.world import World


@pytest.fixture
def world() -> World:
    """Return an empty world."""
    return World()


@pytest.fixture
def alice(world: World) -> ApiKey:
    """Return a client."""
    return world.client()
