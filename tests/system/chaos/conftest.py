"""A deployment of its own for the tests that break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.lab.chaos.experiments import SHORT_PARAMETERS, Stand
from infra.local import deployment
from tests.support.homes import new_home

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all tests of this directory in one worker: they share a deployment.

    First, because xdist reads the groups in the same hook.
    """
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("chaos"))


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    """Give a deployment that may be broken, but comes back."""
    options = deployment.Options(port=0, parameters=SHORT_PARAMETERS, durable=False)
    with new_home() as home:
        try:
            yield Stand(home, deployment.up(home, options).state, options)
        finally:
            deployment.down(home)
