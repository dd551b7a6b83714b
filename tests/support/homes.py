"""Home directories for deployments that tests start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.home import Home


@contextmanager
def new_home() -> Iterator[Home]:
    """Make a home directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dexec-") as directory:
        yield Home(Path(directory).resolve())
