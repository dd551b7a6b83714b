"""Home directories for deployments that tests start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.home import Home


@contextmanager
def new_home() -> Iterator[Home]:
    """Make a home directory that is gone afterwards.

    Not below pytest's own temporary directory: each session of pytest closes that to other users anew,
    and PostgreSQL, which root cannot run as itself, would lose its data under its feet.
    """
    with tempfile.TemporaryDirectory(prefix="dexec-") as directory:
        yield Home(Path(directory).resolve())
