"""The lock files: what is installed where, each package pinned with its hashes."""

from __future__ import annotations

import re
from pathlib import Path

from infra.local.home import PROJECT

SHIPPED = ("shared/requirements.txt", "functions/executor/requirements.txt")
"""What goes to AWS: the layer, and what one function needs beside it."""

ALL = (
    *SHIPPED,
    "requirements-setup.txt",
    "requirements-dev.txt",
    "requirements-sam.txt",
    "requirements-audit.txt",
)

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]++)(?! ; sys_platform == 'win32')", re.MULTILINE)


def pins(lock: str, project: Path = PROJECT) -> dict[str, str]:
    """Return the versions of a lock file by package, without those that Windows alone needs."""
    return dict(_PIN.findall((project / lock).read_text(encoding="utf-8")))
