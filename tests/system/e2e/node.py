"""Node's side of the tests: pinned packages from npm, installed once in npx's own cache.

Those that the TypeScript client is built with are pinned in its ``package.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from tests.support.programs import output

TYPESCRIPT_SDK = PROJECT / "sdk" / "typescript"
_BUILT_WITH = json.loads((TYPESCRIPT_SDK / "package.json").read_text())["devDependencies"]
PACKAGES = (
    "newman@6.2.2",
    "openapi-fetch@0.17.0",
    "@asyncapi/specs@6.8.1",
    *(f"{name}@{version}" for name, version in _BUILT_WITH.items()),
)
_OF_NODE = {"node", "npm"}


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
        timeout=300,
        check=False,
        cwd=directory,
    )
    if asked.returncode:
        pytest.skip("npx cannot install the packages: no package registry is reached")
    return Path(asked.stdout.strip()).parents[1]


def run(modules: Path, directory: Path, program: str, *arguments: str, **environ: str) -> str:
    """Run a program of the packages (or ``node`` or ``npm`` itself) and return what it prints."""
    command = program if program in _OF_NODE else str(modules / ".bin" / program)
    env = {**os.environ, "NO_COLOR": "1", "NODE_PATH": str(modules), **environ}
    return output(command, *arguments, cwd=directory, env=env)


def sdk_sources(modules: Path, directory: Path) -> Path:
    """Copy the TypeScript client's project, without what is built, beside its packages; return the copy."""
    project = directory / "sdk"
    built = shutil.ignore_patterns("node_modules", "dist", "build", "*.tgz")
    shutil.copytree(TYPESCRIPT_SDK, project, ignore=built)
    (project / "node_modules").symlink_to(modules)
    return project
