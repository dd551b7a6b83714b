"""Programs that are run to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 120


def output(
    *command: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    given: str | None = None,
    timeout_s: float = PATIENCE_S,
) -> str:
    """Run a program, with ``given`` as its input; return what it prints. It fails where the program does."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        cwd=cwd,
        env=env,
        input=given,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
