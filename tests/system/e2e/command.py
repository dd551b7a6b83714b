"""The ``dexec`` command as a process of its own, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.local.home import PROJECT

DEXEC = str(Path(sys.executable).with_name("dexec"))
PATIENCE_S = 60


def environ(**extra: str) -> dict[str, str]:
    """Return an environment without what would change what a command prints or talks to."""
    ours = ("DEXEC_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | extra


def run(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [DEXEC, *arguments],
        cwd=PROJECT,
        env=environ(**extra),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@contextmanager
def running(*arguments: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that stays; the body begins when it has printed ``until``."""
    with subprocess.Popen(
        [DEXEC, *arguments],
        cwd=PROJECT,
        env=environ(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while until not in printed:
                line = process.stdout.readline()
                assert line, f"it ended before it printed {until!r}:\n{printed}"
                printed += line
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_S)


def processes_of(home: Path) -> list[psutil.Process]:
    """Return every process that has to do with a home directory, but for our own."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(home) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
