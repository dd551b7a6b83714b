"""A build cache in the virtual environment, keyed by a hash of the inputs."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DIRECTORY = Path(sys.prefix, "cache", "dexec")
"""Beside the packages that made it, which only their owner may write to; goes with them."""

_MOST = 8
"""Files of one kind: what was not asked for longest goes first."""

_DIGEST = hashlib.sha256
_SIZE = _DIGEST().digest_size


def kept(kind: str, source: bytes, make: Callable[[], bytes], directory: Path = DIRECTORY) -> bytes:
    """Return what ``make`` gives, from an earlier call with an equal ``source`` where there was one.

    ``source`` is all that the result depends on. What cannot be kept, or was damaged, is made again.
    """
    path = directory / f"{kind}-{_DIGEST(source).hexdigest()}"
    with suppress(OSError):
        stored = path.read_bytes()
        if _DIGEST(stored[_SIZE:]).digest() == stored[:_SIZE]:
            os.utime(path)
            return stored[_SIZE:]
    made = make()
    with suppress(OSError):
        _store(path, made)
        _drop_oldest(directory, kind)
    return made


def _store(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(_DIGEST(content).digest() + content)
    Path(draft.name).replace(path)


def _drop_oldest(directory: Path, kind: str) -> None:
    found = sorted(directory.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[_MOST:]:
        path.unlink(missing_ok=True)
