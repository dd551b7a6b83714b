"""A function's process as the emulator runs it: forked where that is possible, and its log read at once.

MiniStack holds every answer of a function back until its log has been silent for 5 ms, for 50 ms where it
logs nothing.
"""

from __future__ import annotations

import threading
import time
from typing import ClassVar

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from infra.local.forks import CannotFork, Template, Templates
from infra.local.log_pipe import LogPipe


class FreshWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """A new interpreter, whose log is read from its pipe when its answer has come."""

    _log: LogPipe | None = None

    def _read_stderr(self) -> None:
        self._log = LogPipe(self._proc.stderr)
        self._log.keep_empty()

    def _drain_stderr(self) -> str:
        return "" if self._log is None else self._log.take()

    _drain_stderr_bounded = _drain_stderr


class Worker(FreshWorker):
    """A fork of its function's template, where there may be one."""

    templates: ClassVar[Templates | None] = None

    def load(self) -> None:
        """Load the function, so that its workers can start at once."""
        template = self._template()
        if template is not None:
            template.start()

    def _template(self) -> Template | None:
        """Return the template of this worker's function as it is configured now."""
        if self.templates is None or not str(self.config.get("Runtime")).startswith("python"):
            return None
        return self.templates.of(self.config, self.code_zip, self._fresh)

    def _fresh(self) -> FreshWorker:
        return FreshWorker(self.func_name, self.config, self.code_zip)

    def _spawn(self) -> None:
        template = self._template()
        try:
            if template is None:
                raise CannotFork
            self._proc = template.fork()
        except CannotFork:
            super()._spawn()
            return
        self._log = None
        self._stderr_thread = threading.Thread(
            target=self._read_stderr, daemon=True, name=f"stderr-{self.func_name}"
        )
        self._stderr_thread.start()
        self._start_time = time.time()
