"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dexec_client import handle
from dexec_client.raw import feed, opening, retry
from tests.sdk.python.fake_deployment import Deployment, running


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """Return a deployment that answers as it is told to."""
    with running() as started:
        yield started


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be waited for between two tries, and little between two looks at an order."""
    for module in (retry, opening, feed):
        monkeypatch.setattr(module, "pause_s", lambda *_: 0.0)
    monkeypatch.setattr(handle, "POLL_S", 0.01)
