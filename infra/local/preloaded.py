"""A process that has imported the functions' shared packages, and forks each template's interpreter.

It starts beside the emulator: ``python -m infra.local.preloaded FD PADDING``, where ``FD`` is its end of a
socket and ``PADDING`` makes room for the command lines of its children. Linux only.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

MODULES = (
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.event_handler.openapi.params",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_lambda_powertools.utilities.typing",
    "botocore.httpsession",
    "botocore.session",
    "psycopg",
    "pydantic",
    "solders.keypair",
    "solders.transaction",
)
"""Third-party packages of the functions, which take most of their loading time."""

LARGEST = 1 << 17
"""Bytes of a request."""


class Program(TypedDict):
    """A script, and where and with which environment it runs."""

    script: str
    directory: str
    environment: dict[str, str]


def main() -> None:
    """Fork whenever the emulator asks, until it is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # Children that end are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    while True:
        request, pipes, _, _ = socket.recv_fds(control, LARGEST, 3)
        if not request:
            os._exit(0)
        if pid := os.fork():
            handle = os.pidfd_open(pid)
            socket.send_fds(control, [str(pid).encode()], [handle])
            for descriptor in (handle, *pipes):
                os.close(descriptor)
        else:
            control.close()
            for number, pipe in enumerate(pipes):
                os.dup2(pipe, number)
                os.close(pipe)
            _run(json.loads(request))
            return


def _run(program: Program) -> None:
    """Be an interpreter that runs a script, as if it were new."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    script, environment = program["script"], program["environment"]
    os.chdir(program["directory"])
    if _brought(program) & {name.partition(".")[0] for name in sys.modules}:
        # What a function brings goes before what is installed here.
        os.execve(sys.executable, [sys.executable, script], environment)  # noqa: S606
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [script]
    sys.path[0] = str(Path(script).parent)
    _retitle([sys.executable, script])
    main_module = types.ModuleType("__main__")
    main_module.__file__ = script
    sys.modules["__main__"] = main_module
    exec(compile(Path(script).read_bytes(), script, "exec"), main_module.__dict__)  # noqa: S102


def _brought(program: Program) -> set[str]:
    """Return the names of the modules that a function and its layers bring themselves."""
    layers = filter(None, program["environment"].get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep))
    roots = [Path(program["directory"])]
    for layer in map(Path, layers):
        roots += [layer, layer / "python", *layer.glob("python/lib/*/site-packages")]
    return {entry.name.partition(".")[0] for root in roots if root.is_dir() for entry in root.iterdir()}


def _retitle(argv: Iterable[str]) -> None:
    """Have a process list show this command line, by which workers are found."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    title = b"".join(argument.encode() + b"\0" for argument in argv)[: end - start]
    with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(title.ljust(end - start, b"\0"))


if __name__ == "__main__":
    main()
