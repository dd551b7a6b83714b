"""Checks of this machine: Python, packages, programs, ports, disk, processes left behind."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from infra.local import emulator, postgres, processes
from infra.local.home import PROJECT, Home, State
from infra.operators.doctor.finding import Finding, note, ok, problem

OLDEST, NEWEST = (3, 11), (3, 13)
LAMBDA_PYTHON = "python3.13"
NEEDED_BYTES = 1 << 30
"""What the packages, a database and some history take."""
STARTING_S = 60.0
"""A deployment that is being started has written down its processes by then."""


def examine(home: Home) -> Iterator[Finding]:
    """Yield what each check finds."""
    yield python(sys.version_info[:2])
    yield packages(PROJECT / "requirements-dev.txt", metadata.version)
    yield from programs(shutil.which)
    for name, preferred in (("the emulator", emulator.PORT), ("PostgreSQL", postgres.PORT)):
        yield port(name, preferred, home)
    yield write_access(home.root)
    yield write_access(Path(tempfile.gettempdir()))
    yield disk(home.root, shutil.disk_usage)
    yield deployment(home)
    yield strays()


def python(version: tuple[int, int]) -> Finding:
    """Check the interpreter that runs."""
    shown = ".".join(map(str, version))
    if OLDEST <= version <= NEWEST:
        return ok("python", f"Python {shown}")
    fix = "recreate .venv with a supported one: make clean setup PYTHON=python3.11"
    return problem("python", f"Python {shown} is not one of 3.11, 3.12 and 3.13", fix)


def packages(lock: Path, installed: Callable[[str], str]) -> Finding:
    """Compare the installed packages with the pinned ones."""
    wrong = []
    for line in re.findall(r"^[a-zA-Z][^\\\n]*", lock.read_text(), re.MULTILINE):
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate():
            try:
                version = installed(pin.name)
            except metadata.PackageNotFoundError:
                version = "missing"
            if version == "missing" or not pin.specifier.contains(version, prereleases=True):
                wrong.append(f"{pin.name} is {version}, not {str(pin.specifier).removeprefix('==')}")
    if not wrong:
        return ok("packages", "all as pinned")
    more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return problem("packages", f"{'; '.join(wrong[:3])}{more}", "install what is pinned: make setup")


def programs(which: Callable[[str], str | None]) -> Iterator[Finding]:
    """Look for what some commands of the README need."""
    for name, use, fix in (
        ("curl", "the README's requests", "install curl, or use: dexec order"),
        ("npx", "wscat", "install Node, or use: dexec watch"),
        (LAMBDA_PYTHON, "sam build", "only a deploy to AWS needs it: install Python 3.13"),
    ):
        found = which(name)
        yield ok(name, found) if found else note(name, f"not found; needed for {use}", fix)
    sam = PROJECT / ".venv-sam" / "bin" / "sam"
    found = which("sam") or (str(sam) if sam.exists() else None)
    fix = "only a deploy to AWS needs it: make setup-sam"
    yield ok("sam", found) if found else note("sam", "the AWS SAM CLI is not installed", fix)


def port(name: str, preferred: int, home: Home) -> Finding:
    """Check whether a usual port is free, or used by this deployment."""
    check = f"port {preferred}"
    state = home.read()
    if state is not None and any(p.port == preferred and processes.alive(p) for p in state.processes):
        return ok(check, f"in use by {name} of {home.root}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            fix = "the addresses will differ from the README's: dexec status prints them"
            return note(check, f"taken by another process; {name} will use another one", fix)
    return ok(check, f"free for {name}")


def write_access(directory: Path) -> Finding:
    """See whether files can be made in a directory, or in the nearest one that exists."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    check = f"write to {directory}"
    if not existing.is_dir():
        return problem(check, f"{existing} is not a directory", "name another one: --home DIRECTORY")
    if os.access(existing, os.W_OK | os.X_OK):
        return ok(check, "possible")
    fix = f"name another directory (--home, TMPDIR), or: chmod u+wx {existing}"
    return problem(check, f"{existing} is not writable", fix)


def disk(directory: Path, usage: Callable[[Path], shutil._ntuple_diskusage]) -> Finding:
    """See whether there is room."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = usage(existing).free
    text = f"{free / (1 << 30):.1f} GB free at {existing}"
    if free >= NEEDED_BYTES:
        return ok("disk", text)
    return problem(
        "disk", f"{text}; 1 GB is needed", "make room, or name another directory: --home DIRECTORY"
    )


def deployment(home: Home) -> Finding:
    """See whether the deployment under ``home`` runs, is stopped, or crashed."""
    state = home.read()
    if state is None:
        return ok("deployment", f"none runs under {home.root}")
    dead = [p.name for p in state.processes if not processes.alive(p)]
    if state.ready and not dead:
        return ok("deployment", f"runs: {state.http_url}")
    what = f"{' and '.join(dead)} ended unexpectedly" if dead else "it was not started completely"
    fix = f"bring it back: {home.command('up --detach')}"
    return problem("deployment", f"{what} (logs in {home.root})", fix)


def strays(starting_s: float = STARTING_S) -> Finding:
    """Look for dexec's emulators that no deployment knows, though they had ``starting_s`` to become known."""
    found = {}
    for process in processes.with_arguments(lambda argv: emulator.home_of(argv) is not None):
        owner = emulator.home_of(process.info["cmdline"])
        old = time.time() - process.create_time() > starting_s
        if owner is not None and old and not _names(owner.read(), process.pid):
            found[process.pid] = owner.root
    if not found:
        return ok("processes", "none left behind")
    listed = ", ".join(f"pid {pid} of {root}" for pid, root in found.items())
    return problem("processes", f"left behind: {listed}", f"end them: kill -9 {' '.join(map(str, found))}")


def _names(state: State | None, pid: int) -> bool:
    return state is not None and any(process.pid == pid for process in state.processes)
