"""Fork server of a function's template process: forks a worker on request once the function is loaded.

The source of this module becomes part of the emulator's worker script, so it imports the standard library
alone. Linux only: it looks into /proc and hands out file descriptors of processes.
"""

import contextlib
import gc
import os
import signal
import socket
from pathlib import Path

TEMPLATE = "template"
"""The line that makes a worker a template, and the name that a template has in a process list."""

WORKER = "worker"
CONTROL = "control"
"""The Unix socket, beside the directory of the function's code, on which the emulator asks for workers."""

LOG_STREAM = "AWS_LAMBDA_LOG_STREAM_NAME"


def become_template() -> None:
    """Fork whenever the emulator asks, until it is gone. Returns in every child, which is a worker.

    A request is the name of a log stream, with three pipes to be stdin, stdout and stderr; the answer is the
    child's pid with a file descriptor of it, or 0 where a fork would not be safe.
    """
    control = socket.socket(socket.AF_UNIX)
    control.connect(f"../{CONTROL}")
    _set_name(TEMPLATE)
    # Children that end are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    while True:
        request, pipes, _, _ = socket.recv_fds(control, 4096, 3)
        if not request:
            os._exit(0)
        if not _is_safe():
            control.sendall(b"0")
        elif pid := os.fork():
            _hand_over(control, pid)
        else:
            control.close()
            _become_worker(request.decode(), pipes)
            return
        for pipe in pipes:
            os.close(pipe)


def _is_safe() -> bool:
    """Return whether a fork copies all there is: no other thread, and no connection but the emulator's."""
    opened = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            opened.append(link.readlink().name)
    threads = list(Path("/proc/self/task").iterdir())
    return len(threads) == 1 and sum(name.startswith("socket:") for name in opened) == 1


def _hand_over(control: socket.socket, pid: int) -> None:
    handle = os.pidfd_open(pid)
    socket.send_fds(control, [str(pid).encode()], [handle])
    os.close(handle)


def _become_worker(log_stream: str, pipes: list[int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    os.environ[LOG_STREAM] = log_stream
    _set_name(WORKER)


def _set_name(name: str) -> None:
    Path("/proc/self/comm").write_text(name)
