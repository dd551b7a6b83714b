"""Workers forked from a template: a process that has loaded the function, and whose memory they share.

A fresh interpreter needs half a second of CPU to load a function, and 45 MB that are its own. A fork needs
milliseconds, and owns what it writes. Where a fork is not safe, or not known to be (outside of Linux, with
threads, with connections), workers are fresh interpreters.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from threading import Lock
from typing import IO, Any, Protocol

from infra.local import fork_server, preloaded

IS_POSSIBLE = sys.platform == "linux" and hasattr(os, "pidfd_open")
_TIMEOUT_S = 10
_TITLE = 1_000
_LOOP = "        _ms_msg = json.loads(line)\n"
_CONFIGURES = (
    "FunctionName",
    "FunctionArn",
    "Version",
    "Runtime",
    "Handler",
    "Role",
    "Layers",
    "Environment",
    "MemorySize",
    "Timeout",
    "SnapStart",
)
"""What of a function's configuration a worker is started with."""

Config = dict[str, Any]


class CannotFork(Exception):
    """The template cannot be forked; a fresh interpreter does as well."""


class Loaded(Protocol):
    """A worker of the emulator that is a fresh interpreter, as a template needs it."""

    _proc: Any
    _tmpdir: str

    def _spawn(self) -> None: ...

    def kill(self) -> None:
        """End the process."""


class Forked:
    """A forked worker with the interface of ``Popen`` that the emulator uses."""

    def __init__(self, pid: int, handle: int, stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self._handle = handle
        self._ended = select.poll()
        self._ended.register(handle, select.POLLIN)

    def poll(self) -> int | None:
        """Return a code once the process has ended; which one, only its parent knows."""
        return -1 if self._ended.poll(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end. Raises ``subprocess.TimeoutExpired``."""
        if not self._ended.poll(None if timeout is None else timeout * 1000):
            raise subprocess.TimeoutExpired("worker", timeout or 0)
        return -1

    def terminate(self) -> None:
        """Ask the process to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self._send(signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._handle)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)


class Interpreters:
    """Starts interpreters by forking one that has imported much already, else fresh ones.

    ``title`` begins the command line of the one that is forked.
    """

    def __init__(self, title: str) -> None:
        self._lock = Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_TIMEOUT_S)
        argv = [sys.executable, "-m", preloaded.__name__, str(theirs.fileno()), title.ljust(_TITLE)]
        with theirs:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def popen(self, argv: list[str], **options: Any) -> Any:
        """Start what ``subprocess.Popen`` would: a fork, where ``argv`` is our interpreter with a script."""
        is_forkable = argv[0] == sys.executable and options.get("text")
        forked = self._fork(argv[1], options["cwd"], options["env"]) if is_forkable else None
        return forked or subprocess.Popen(argv, **options)

    def close(self) -> None:
        """End the one that is forked; its children live on."""
        with self._lock:
            self._end()

    def _fork(self, script: str, directory: str, environment: dict[str, str]) -> Forked | None:
        program: preloaded.Program = {"script": script, "directory": directory, "environment": environment}
        with self._lock, _pipes() as (ours, theirs):
            try:
                socket.send_fds(self._control, [json.dumps(program).encode()], theirs)
                answer, handles, _, _ = socket.recv_fds(self._control, 64, 1)
                if handles:
                    return Forked(int(answer), handles[0], *ours.files())
            except OSError:
                # An answer that is late must not be taken for the next one.
                self._end()
        return None

    def _end(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


class Template:
    """The process that the workers of one function are forked from, started when it is first needed."""

    def __init__(self, load: Callable[[], Loaded], fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._load = load
        self._lock = Lock()
        self._loaded: Loaded | None = None
        self._control: socket.socket | None = None
        self._is_unsafe = False

    def start(self) -> None:
        """Load the function. Raises what starting a worker raises, ``CannotFork`` and ``OSError``."""
        with self._lock:
            self._running()

    def fork(self) -> Forked:
        """Return a new worker. Raises what starting a worker raises, and ``CannotFork``."""
        with self._lock:
            try:
                return self._fork(self._running())
            except OSError as exc:
                self._end()
                raise CannotFork(str(exc)) from exc

    def close(self) -> None:
        """End the template; its workers live on."""
        with self._lock:
            self._end()

    def _running(self) -> socket.socket:
        if self._is_unsafe:
            raise CannotFork("the function has threads or connections when it is loaded")
        if self._control is not None and self._loaded is not None and self._loaded._proc.poll() is None:
            return self._control
        self._end()
        self._loaded = self._load()
        self._loaded._spawn()
        self._control = _controlled(self._loaded)
        return self._control

    def _fork(self, control: socket.socket) -> Forked:
        with _pipes() as (ours, theirs):
            socket.send_fds(control, [uuid.uuid4().hex.encode()], theirs)
            answer, handles, _, _ = socket.recv_fds(control, 64, 1)
            if not answer:
                raise CannotFork("the template has ended")
            if not handles:
                self._is_unsafe = True
                self._end()
                raise CannotFork("the function has threads or connections when it is loaded")
            return Forked(int(answer), handles[0], *ours.files())

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._loaded is not None:
            self._loaded.kill()
        self._control = self._loaded = None


class _Ends:
    """Our ends of the three pipes, until they are files."""

    def __init__(self, stdin: int, stdout: int, stderr: int) -> None:
        self.left = [stdin, stdout, stderr]

    def files(self) -> tuple[IO[str], IO[str], IO[str]]:
        stdin, stdout, stderr = self.left
        self.left = []
        return (
            os.fdopen(stdin, "w", buffering=1, encoding="utf-8"),
            os.fdopen(stdout, encoding="utf-8"),
            os.fdopen(stderr, encoding="utf-8"),
        )


@contextlib.contextmanager
def _pipes() -> Iterator[tuple[_Ends, list[int]]]:
    """Make a worker's three pipes; what is not made a file of is closed again."""
    (stdin, feed), (read_out, stdout), (read_err, stderr) = os.pipe(), os.pipe(), os.pipe()
    ours, theirs = _Ends(feed, read_out, read_err), [stdin, stdout, stderr]
    try:
        yield ours, theirs
    finally:
        for descriptor in (*ours.left, *theirs):
            os.close(descriptor)


def _controlled(loaded: Loaded) -> socket.socket:
    """Make a template of a worker, and return the socket on which it is asked."""
    directory = os.open(loaded._tmpdir, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            # A socket's path may be no longer than 107 bytes.
            listener.bind(f"/proc/self/fd/{directory}/{fork_server.CONTROL}")
            listener.listen(1)
            listener.settimeout(_TIMEOUT_S)
            loaded._proc.stdin.write(fork_server.TEMPLATE + "\n")
            loaded._proc.stdin.flush()
            control, _ = listener.accept()
    finally:
        os.close(directory)
    control.settimeout(_TIMEOUT_S)
    return control


def forkable(script: str) -> str:
    """Return the emulator's worker script, able to become a template. Raises ``ValueError`` for another."""
    if script.count(_LOOP) != 1:
        raise ValueError("the emulator's worker script is not the one that this was written for")
    branch = f"        if line.strip() == {fork_server.TEMPLATE!r}:\n            become_template()\n"
    return inspect.getsource(fork_server) + script.replace(_LOOP, f"{branch}            continue\n{_LOOP}")


def fingerprint(config: Config, code: bytes) -> str:
    """Return what two workers have in common that may come from one template."""
    settings = {name: config.get(name) for name in _CONFIGURES}
    return f"{hash(code)} {json.dumps(settings, sort_keys=True, default=str)}"


class Templates:
    """The templates of all functions: one each, of the newest code and configuration."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, Template] = {}

    def of(self, config: Config, code: bytes, load: Callable[[], Loaded]) -> Template:
        """Return the template of a function as it is now; ``load`` makes a worker that is not forked."""
        name, print_ = _name(config), fingerprint(config, code)
        with self._lock:
            old = self._found.get(name)
            if old is not None and old.fingerprint == print_:
                return old
            template = self._found[name] = Template(load, print_)
        if old is not None:
            old.close()
        return template

    def close(self, function_name: str) -> None:
        """End the templates of a function that changed or is gone."""
        with self._lock:
            names = [name for name in self._found if name.split(" ")[0].split(":")[6:7] == [function_name]]
            closed = [self._found.pop(name) for name in names]
        for template in closed:
            template.close()


def _name(config: Config) -> str:
    return f"{config.get('FunctionArn')} {config.get('Version')}"
