"""A function's worker process in the emulator: forked if possible, its answer read without delay.

MiniStack starts a thread for every invocation that waits for its answer, keeps one for every worker's log,
and holds every answer back until the log has been silent for 5 ms, for 50 ms where the function logs nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from threading import Lock
from typing import Any, ClassVar

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from infra.local.dialogue import Dialogue, Ended
from infra.local.forks import CannotFork, Template, Templates
from infra.local.log_pipe import LogPipe

MOST_LINES = 200
"""Lines that a worker may write before its answer: what it starts may write to the same output."""

NICE_STEP = 2
NICE_MOST = 10
"""A further worker of a function is nicer than the one before it by a step, up to a most.

At the most, the first gets ten times as much of a busy processor as the last.
"""

Answer = dict[str, Any]


class FreshWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """A new interpreter, whose answer and log are read from their pipes by who waits for them."""

    _proc: Any

    def __init__(self, *function: Any) -> None:
        super().__init__(*function)
        self._log_pipe: LogPipe | None = None
        self._log_lock = Lock()
        self._dialogue: Dialogue | None = None

    def invoke(
        self,
        event: object,
        request_id: str,
        *,
        trace_id: str | None = None,
        depth: object = None,
        durable: Answer | None = None,
        invoked_function_arn: str | None = None,
    ) -> Answer:
        """Run one invocation, and return its answer with its log and whether it started the process."""
        about = {
            "request_id": request_id,
            "invoked_function_arn": self._arn if invoked_function_arn is None else invoked_function_arn,
            "timeout_ms": int(float(self._timeout_s) * 1000),
            "trace_id": trace_id,
            "depth": depth,
            "durable": durable or {},
        }
        with self._lock:
            is_cold = self._proc is None or self._proc.poll() is not None
            if is_cold:
                self._spawn()
                self._cold = False
            log = self._log()
            answer = self._ask(log, json.dumps({"event": event, "ctx": about}).encode() + b"\n")
            if answer["status"] == "error":
                self._end()
            return {**answer, "cold_start": is_cold, "log": log.take()}

    @property
    def _arn(self) -> str:
        return str(self.config.get("FunctionArn", ""))

    @property
    def _timeout_s(self) -> float:
        return self.config.get("Timeout", 30)  # type: ignore[no-any-return]

    def _ask(self, log: LogPipe, line: bytes) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        if self._dialogue is None or not self._dialogue.is_over(log):
            self._dialogue = Dialogue(self._proc.stdin, self._proc.stdout, log)
        dialogue = self._dialogue
        try:
            dialogue.say(line, deadline)
            for _ in range(MOST_LINES):
                answer = _answer(dialogue.hear(deadline))
                if answer is not None:
                    return answer
        except TimeoutError:
            return {"status": "error", "error": f"Task timed out after {self._timeout_s}.00 seconds"}
        except Ended:
            return {"status": "error", "error": "Worker process died"}
        except OSError as exc:
            return {"status": "error", "error": str(exc)}
        return {"status": "error", "error": f"No JSON response from worker after {MOST_LINES} lines"}

    def _spawn(self) -> None:
        super()._spawn()
        self._give_way()

    def _give_way(self) -> None:
        """Let the function's earlier workers go first where processors are busy.

        Each then ends what it began, with its data in the caches. Ten executors that took turns on two
        processors needed a fifth more CPU for an order.
        """
        with lambda_runtime._lock:
            pools = lambda_runtime._workers.values()
            place = next((pool.index(self) for pool in pools if self in pool), 0)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        # It may have ended meanwhile.
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._proc.pid, own + min(NICE_MOST, NICE_STEP * place))

    def _end(self) -> None:
        """End the process; its log can still be read."""
        process, self._proc = self._proc, None
        lambda_runtime._signal(process)
        lambda_runtime._collect(process, time.monotonic() + lambda_runtime._REAP_GRACE)

    def _log(self) -> LogPipe:
        """Return the pipe into which the process that runs logs."""
        with self._log_lock:
            if self._log_pipe is None or not self._log_pipe.reads(self._proc.stderr):
                self._log_pipe = LogPipe(self._proc.stderr)
            return self._log_pipe

    def _read_stderr(self) -> None:
        self._log().keep_empty()


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
        self._start_time = time.time()
        self._give_way()


def _answer(line: bytes) -> Answer | None:
    """Return the answer that a line is, or None: what a function starts may write lines of its own."""
    if not line.strip().startswith(b"{"):
        return None
    try:
        said: Answer = json.loads(line)
    except ValueError:
        return None
    return said if said.get("status") in {"ok", "error"} else None
