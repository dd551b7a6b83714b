"""Background processes that outlive the command that started them, identified by pid and start time.

A pid alone may have been reused by the time it is read back, so every check of a process compares its
start time as well.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
from pydantic import BaseModel, ConfigDict

from infra.local.errors import StartFailed

_POLL_S = 0.02
_children: dict[int, subprocess.Popen[bytes]] = {}
"""Children of this process, kept so that they can be reaped."""


class ProcessRef(BaseModel):
    """A process, and the port it serves; ``started`` is its start time in seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    started: float
    port: int


class Account(NamedTuple):
    """The account that a process runs as."""

    uid: int
    gid: int


def spawn(
    name: str,
    argv: Sequence[str],
    *,
    port: int,
    log: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    directory: Path | None = None,
) -> ProcessRef:
    """Start a process in a session of its own, so that Ctrl-C in the terminal does not reach it.

    ``account`` is the user it runs as (only root can ask for another), ``directory`` where it begins; its
    output goes to ``log``.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            cwd=directory,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children[child.pid] = child
    return ProcessRef(name=name, pid=child.pid, started=psutil.Process(child.pid).create_time(), port=port)


def alive(ref: ProcessRef) -> bool:
    """Return whether the very process that was started still runs."""
    return _find(ref) is not None


def listens(ref: ProcessRef) -> bool:
    """Return whether the process itself holds its port: another process may answer there."""
    process = _find(ref)
    if process is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return any(
            opened.status == psutil.CONN_LISTEN and opened.laddr.port == ref.port
            for opened in process.net_connections("tcp")
        )
    return False


def wait_ready(ref: ProcessRef, ready: Callable[[], bool], log: Path, timeout_s: float = 30) -> None:
    """Wait until ``ready`` holds.

    Raises ``StartFailed`` with the end of the log when the process ends first or the time is up.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if not alive(ref):
            raise StartFailed(f"{ref.name} ended while starting:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{ref.name} was not ready after {timeout_s:.0f} s:\n{tail(log)}")
        time.sleep(_POLL_S)


def stop(ref: ProcessRef, stop_signal: signal.Signals, grace_s: float) -> None:
    """Stop a process and its children: with SIGTERM, then, after ``grace_s``, with SIGKILL."""
    process = _find(ref)
    if process is not None:
        finish([process, *process.children(recursive=True)], stop_signal, grace_s)
    child = _children.pop(ref.pid, None)
    if child is not None:
        child.wait()
    _reap()


def _reap() -> None:
    """Let go of children that ended by themselves, as those that a supervisor has replaced since."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


def finish(family: Sequence[psutil.Process], stop_signal: signal.Signals, grace_s: float) -> None:
    """Send the first of ``family`` a signal; kill those that remain after ``grace_s``."""
    for process in family[:1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop_signal)
    remaining = _wait_gone(family, grace_s)
    for process in remaining:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait_gone(remaining, 5)


def _wait_gone(family: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for processes to end and return those that did not; a zombie has ended."""
    deadline = time.monotonic() + timeout_s
    while (remaining := [p for p in family if _runs(p)]) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return remaining


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def with_arguments(match: Callable[[list[str]], bool]) -> list[psutil.Process]:
    """Return the processes whose command line ``match`` accepts: how those are found that no file names."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if process.info["cmdline"] and match(process.info["cmdline"])]


def working_in(directory: Path, name: str) -> list[psutil.Process]:
    """Return the processes of a program's name whose working directory this is."""
    named = [process for process in psutil.process_iter(["name"]) if process.info["name"] == name]
    return [process for process in named if _directory(process) == directory.resolve()]


def _directory(process: psutil.Process) -> Path | None:
    try:
        return Path(process.cwd())
    except psutil.Error:
        return None


def arguments(process: psutil.Process) -> list[str]:
    """Return the command line of a process; empty when it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def free_port(preferred: int) -> int:
    """Return ``preferred`` if it can be bound on loopback, else a port that can."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a port whose last connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                bound: int = probe.getsockname()[1]
                return bound
    raise StartFailed("no free port on 127.0.0.1")


def holder(port: int) -> psutil.Process | None:
    """Return the process that listens on a port; None if there is none, or the system does not say which."""
    with contextlib.suppress(psutil.Error):
        for opened in psutil.net_connections("tcp"):
            listens_there = opened.status == psutil.CONN_LISTEN and opened.laddr and opened.laddr.port == port
            if listens_there and opened.pid:
                return psutil.Process(opened.pid)
    return None


def on_free_port(preferred: int, start: Callable[[int], ProcessRef]) -> ProcessRef:
    """Start a server on ``preferred`` or, when it is taken, also in the very moment, on another port."""
    try:
        return start(free_port(preferred))
    except StartFailed:
        return start(free_port(0))


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file, for an error message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or f"(nothing in {log})"


def _find(ref: ProcessRef) -> psutil.Process | None:
    child = _children.get(ref.pid)
    if child is not None and child.poll() is not None:
        return None
    try:
        process = psutil.Process(ref.pid)
        same = abs(process.create_time() - ref.started) < 0.1
        return process if same and _runs(process) else None
    except psutil.NoSuchProcess:
        return None
