"""Starts and stops MiniStack, the AWS emulator, as a process on loopback."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local import processes
from infra.local.errors import StartFailed
from infra.local.home import Home
from infra.local.processes import ProcessRef

NAME = "emulator"
PORT = 4566
REGION = "us-east-1"
CONTAINERS_HOST = "host.docker.internal"
"""The host name by which containers reach the machine they run on."""

_MARK = "dexec="


@dataclass(frozen=True)
class Settings:
    """How the emulator runs.

    ``origin`` is one other origin whose pages may use the deployed APIs. With ``enforce_iam`` the emulator
    checks signatures, and what policies allow the functions' roles. ``workers`` is how many processes a
    function has at most, 0 for as many as suit the machine; ``warm`` names functions that are loaded as soon
    as they are created, by a part of their names.
    """

    origin: str = ""
    enforce_iam: bool = False
    workers: int = 0
    warm: tuple[str, ...] = ()


def start(
    home: Home, port: int, settings: Settings | None = None, *, is_port_fixed: bool = False
) -> ProcessRef:
    """Start the emulator on ``port``; it answers when this returns.

    Where the port is taken, it is another one, unless ``is_port_fixed``. Raises ``StartFailed``.
    """
    stop_unknown(home)
    if is_port_fixed and processes.free_port(port) != port:
        raise StartFailed(_taken(port))
    home.scratch.mkdir(parents=True, exist_ok=True)

    def serve(free: int) -> ProcessRef:
        return _serve(home, free, _environ(home, free, settings or Settings()))

    return serve(port) if is_port_fixed else processes.on_free_port(port, serve)


def _taken(port: int) -> str:
    """Return that a port is taken, by what, and what to do about it."""
    found = processes.holder(port)
    argv = processes.arguments(found) if found else []
    other = home_of(argv)
    if other is not None:
        held, cure = f"the deployment under {other.root}", f"stop it: {other.command('down')}"
    elif found is not None and argv:
        held, cure = f"{Path(argv[0]).name} (pid {found.pid})", "end that process"
    else:
        held, cure = "a process of another user, or a container", f"find it: ss -ltnp 'sport = :{port}'"
    return (
        f"port {port} is taken by {held}; {cure}; or name another port, or none: --port 0 takes any free one"
    )


def _serve(home: Home, port: int, environ: dict[str, str]) -> ProcessRef:
    log = home.log(NAME)
    argv = [sys.executable, "-X", _mark(home), "-m", "infra.local.serve"]
    ref = processes.spawn(NAME, argv, port=port, log=log, env=environ)
    processes.wait_ready(ref, lambda: _healthy(port) and processes.listens(ref), log)
    return ref


def stop(home: Home, ref: ProcessRef) -> None:
    """Stop the emulator and its workers; an open WebSocket would keep it from ending by itself."""
    processes.stop(ref, signal.SIGTERM, grace_s=0.2)
    stop_unknown(home)


def stop_unknown(home: Home) -> None:
    """Stop orphans: an emulator that was not recorded, workers that a crashed one left behind."""
    workers = f"{home.scratch}{os.sep}ministack-lambda-"
    left = processes.with_arguments(
        lambda argv: _mark(home) in argv or any(argument.startswith(workers) for argument in argv)
    )
    for process in left:
        processes.finish([process], signal.SIGKILL, grace_s=5)
    shutil.rmtree(home.scratch, ignore_errors=True)


def url(port: int) -> str:
    """Return the emulator's AWS endpoint."""
    return f"http://localhost:{port}"


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def home_of(argv: Sequence[str]) -> Home | None:
    """Return the home whose emulator a command line belongs to; None if dexec did not start it."""
    marks = [argument for argument in argv if argument.startswith(_MARK)]
    return Home(Path(marks[0].removeprefix(_MARK)).parent) if marks else None


def _mark(home: Home) -> str:
    """Return an interpreter option without effect, by which the emulator is found in a process list."""
    return f"{_MARK}{home.scratch}"


def _environ(home: Home, port: int, settings: Settings) -> dict[str, str]:
    """Return the emulator's environment, which its functions inherit: nothing of the caller's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(home.scratch),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "ALLOWED_HOSTS": CONTAINERS_HOST,
        "ALLOWED_ORIGINS": settings.origin,
        "WORKERS": str(settings.workers),
        "WARM_FUNCTIONS": ",".join(settings.warm),
        "AWAITS_STACK": "true",
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AUTH": str(settings.enforce_iam).lower(),
        # Listeners of services that dexec does not use.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
