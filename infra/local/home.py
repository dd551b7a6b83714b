"""The home directory of a local deployment: data, logs, and the state of its processes."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from infra.local.errors import Busy, LocalError
from infra.local.processes import ProcessRef, alive

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout that is deployed."""


USUAL = ".dexec"
"""The home directory unless one is named, in the directory that a command runs in."""


class State(BaseModel):
    """What runs, and how to reach it; written in camelCase, as ``dexec status --json`` prints it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    http_url: str
    websocket_url: str
    api_key: str
    database_url: str
    endpoint_url: str
    ready: bool = False
    parameters: dict[str, str] = {}
    workers: int = 0
    """How many processes each function has at most; 0 for as many as suit the machine."""

    processes: tuple[ProcessRef, ...] = ()
    supervisor: ProcessRef | None = None
    """The supervisor, if it runs as a process of its own."""

    @property
    def console_url(self) -> str:
        """The trading console; with the slash that its path ends in."""
        return f"{self.http_url}/"

    def process(self, name: str) -> ProcessRef | None:
        """Return the process of that name if it still runs."""
        return next((p for p in self.processes if p.name == name and alive(p)), None)

    def dead(self) -> tuple[str, ...]:
        """Return the names of the processes that ended."""
        return tuple(process.name for process in self.processes if not alive(process))

    def serving(self) -> bool:
        """Return whether the deployment was completed and all its processes still run."""
        return self.ready and not self.dead()


@dataclass(frozen=True)
class Home:
    """Paths below one home directory; two of them are two deployments."""

    root: Path

    def command(self, arguments: str) -> str:
        """Return a ``dexec`` command for this deployment, with --home unless it finds that one without."""
        is_usual = self.root == (Path.cwd() / os.environ.get("DEXEC_HOME", USUAL)).resolve()
        return f"dexec {arguments}" if is_usual else f"dexec {arguments} --home {shlex.quote(str(self.root))}"

    @property
    def database(self) -> Path:
        """The PostgreSQL data directory: the history that survives."""
        return self.root / "postgres"

    @property
    def password(self) -> Path:
        """The database's password, readable by its owner only."""
        return self.root / "postgres.password"

    @property
    def scratch(self) -> Path:
        """The emulator's temporary files."""
        return self.root / "tmp"

    @property
    def sam_env(self) -> Path:
        """The variables for ``sam local``, readable by their owner only."""
        return self.root / "env.local.json"

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.root / f"{name}.log"

    def read(self) -> State | None:
        """Return the last state, or None when nothing was started or the file is of another version."""
        try:
            return State.model_validate_json(self._state.read_text())
        except (FileNotFoundError, ValidationError):
            return None

    def write(self, state: State) -> None:
        """Store the state at once or not at all, readable by its owner only: it holds the password."""
        draft = self.root / "state.json.new"
        draft.touch(mode=0o600)
        draft.write_text(state.model_dump_json(by_alias=True, indent=2) + "\n")
        draft.replace(self._state)

    def forget(self) -> None:
        """Remove the state."""
        self._state.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from starting or stopping the same deployment meanwhile. Raises ``Busy``."""
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise Busy(f"another dexec command starts or stops {self.root}; wait for it") from exc
            yield

    def _lock_file(self) -> IO[str]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            return (self.root / "lock").open("w")
        except OSError as exc:
            told = f"{exc.strerror}: {exc.filename}"
            raise LocalError(f"cannot work in {self.root} ({told}); name another: --home DIRECTORY") from exc

    @property
    def _state(self) -> Path:
        return self.root / "state.json"
