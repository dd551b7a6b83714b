"""What is built, and how large it may be."""

from __future__ import annotations

from pathlib import Path

from infra.local import template
from infra.local.home import PROJECT

SOURCE = template.load(PROJECT / "template.yaml")
FUNCTIONS = [name for name in template.code_properties(SOURCE) if name != "Layer"]
LIMIT_MB = 110
"""Of the 250 MB that Lambda allows a function and its layers, unzipped."""


def megabytes(directory: Path) -> float:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6
