"""Node's side of the tests: pinned packages from npm, installed once in npx's own cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = (
    "newman@6.2.2",
    "openapi-fetch@0.17.0",
    "openapi-typescript@7.13.0",
    "typescript@5.9.3",
    "@asyncapi/specs@6.8.1",
)


def installed(directory: Path) -> Path:
    """Return the ``node_modules`` that hold the packages; skip the test where they cannot be had."""
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("Node is not installed")
    wanted = [argument for package in PACKAGES for argument in ("-p", package)]
    asked = subprocess.run(
        [npx, "--yes", *wanted, "-c", "command -v newman"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=directory,
    )
    if asked.returncode:
        pytest.skip("npx cannot install the packages: no package registry is reached")
    return Path(asked.stdout.strip()).parents[1]


def run(modules: Path, directory: Path, program: str, *arguments: str) -> str:
    """Run a program of the packages (or ``node`` itself) and return what it prints."""
    command = program if program == "node" else str(modules / ".bin" / program)
    done = subprocess.run(
        [command, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=directory,
        env={**os.environ, "NO_COLOR": "1", "NODE_PATH": str(modules)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
