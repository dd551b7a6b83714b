"""Home directories for deployments that tests start, and what such a directory says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.home import Home, State

URL = "http://localhost:4566"


@contextmanager
def new_home() -> Iterator[Home]:
    """Make a home directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dexec-") as directory:
        yield Home(Path(directory).resolve())


def state(**changes: object) -> State:
    """Return what is known of a deployment that runs, without a process."""
    known: dict[str, object] = {
        "http_url": f"{URL}/_aws/execute-api/de0ec001",
        "websocket_url": "ws://localhost:4566/_aws/execute-api/de0ec002/live",
        "api_key": "local",
        "database_url": "postgresql://postgres:secret@127.0.0.1:54320/dexec",
        "endpoint_url": URL,
        "ready": True,
    }
    return State.model_validate(known | changes)
