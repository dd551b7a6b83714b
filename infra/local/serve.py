"""The emulator's process: MiniStack's application on uvicorn, guarded, with a bounded number of workers.

MiniStack answers any caller, web pages included, so ``infra.local.guard`` filters requests. Its own server
spends a third more CPU on a request. It starts a process for every invocation that finds none free:
``infra.local.workers`` and ``lanes`` let invocations wait instead, and ``infra.local.forks`` has processes
share their memory.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType, SimpleNamespace
from typing import Any

import uvicorn
from ministack.core import concurrency, lambda_runtime  # type: ignore[import-untyped]

from infra.local import forks, lean, log_streams, queues
from infra.local.deploying import Deploying
from infra.local.guard import App, Guard, Rules
from infra.local.lanes import Lanes
from infra.local.shortcut import Shortcut
from infra.local.slash import Slash
from infra.local.sockets import Sockets
from infra.local.threads import KeptThread
from infra.local.worker import Worker
from infra.local.workers import IDLE_S, Bound, Config, default_workers

NEXT_LOOK_S = 0.002
"""Pause of the queues' poller after a look that found nothing; MiniStack's 50 ms would delay what comes next.

A look that finds nothing follows the end of every order, and every message that comes while all executors
are busy: a client that sends one order after the other would wait, and so would executors that have done.
"""

COLLECT_AFTER = 20_000
"""New objects between two garbage collections; Python's own 700 cost the emulator a twentieth of its CPU."""


def main() -> None:
    """Serve until SIGTERM, where the environment of ``infra.local.emulator`` says."""
    _tune_process()
    # Functions inherit what is left in the environment.
    workers = int(os.environ.pop("WORKERS", "0")) or default_workers()
    awaits_stack = bool(os.environ.pop("AWAITS_STACK", ""))
    warm = frozenset(filter(None, os.environ.pop("WARM_FUNCTIONS", "").split(",")))
    _replace_pool(workers, warm)
    lean.trim()
    app = _application(workers)
    if awaits_stack:
        app = Deploying(app, _is_deployed)
    uvicorn.run(
        Guard(Slash(app), Rules.from_environ(os.environ)),
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        # As API Gateway: no pings and no compression of its own, and MiniStack adds the headers.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        date_header=False,
        server_header=False,
        access_log=False,
        proxy_headers=False,
        log_config=None,
        timeout_keep_alive=75,
    )


def _tune_process() -> None:
    """Allow many sockets, and spend little on switches and collections."""
    # A burst of sockets needs more descriptors than the usual soft limit.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # As in the functions: a thread that wakes up waits for the running one instead of interrupting it.
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Every request makes and drops thousands of objects, among many that stay.
    gc.set_threshold(COLLECT_AFTER)


def _application(workers: int) -> App:
    """Return MiniStack's application, with its parts replaced and its invocations in lanes."""
    from ministack import app as server  # type: ignore[import-untyped]
    from ministack.services import (  # type: ignore[import-untyped]
        apigateway,
        cloudwatch_logs,
        lambda_svc,
        sqs,
    )

    # Lines for each invocation and each connection: the functions' own are in CloudWatch's logs.
    for name in ("lambda", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    apigateway.handle_websocket = Sockets(apigateway, workers).handle
    replace(sqs, _collect_msgs=queues.lazily(sqs._collect_msgs))
    replace(lambda_svc, _emit_lambda_logs=log_streams.writing(cloudwatch_logs))

    if forks.IS_POSSIBLE:
        # It imports while the stack is deployed.
        interpreters = forks.Interpreters(f"{tempfile.gettempdir()}{os.sep}ministack-lambda-")
        lambda_runtime.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": interpreters.popen})
    lean.load_services()
    # Where signatures are checked, the emulator does it on its own way.
    return Lanes(server.app if server.AUTH else Shortcut(server.app, server), workers)


def _is_deployed() -> bool:
    """Whether the stack is complete, its APIs with all their routes."""
    from ministack.services import cloudformation

    return any(
        one["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        for _, one in cloudformation._stacks.all_items()
    )


def replace(module: ModuleType, **parts: object) -> None:
    """Replace parts of a module. Raises ``AttributeError`` for one it has not: another version of it."""
    for name, part in parts.items():
        getattr(module, name)
        setattr(module, name, part)


def _replace_pool(workers: int, warm: frozenset[str]) -> None:
    """Replace MiniStack's workers by bounded ones that are forked from templates.

    Templates of functions whose name has one of ``warm`` in it are started as soon as the function is there.
    """
    from ministack.services import lambda_svc

    def width(name: str, config: Config) -> int:
        reserved = lambda_svc._reserved_concurrency(lambda_svc._functions.get(name), config)
        return workers if reserved is None else max(1, reserved)

    # Every invocation starts a thread, or two.
    for module in (concurrency, lambda_svc):
        module.threading = SimpleNamespace(**vars(threading) | {"Thread": KeptThread})
    bound = Bound(lambda_runtime.acquire_worker, lambda_runtime.release_worker, width)
    replace(lambda_runtime, Worker=Worker, _LOCAL_WORKER_TTL=IDLE_S, get_or_create_worker=bound.lease)
    replace(
        lambda_svc,
        acquire_worker=bound.acquire,
        release_worker=bound.release,
        _ESM_IDLE_WAKE_GAP_SECONDS=NEXT_LOOK_S,
        # Each look at the queues reads the names of all queues and functions anew, three times.
        parse_arn=lru_cache(256)(lambda_svc.parse_arn),
        _poll_kinesis=_finds_nothing,
        _poll_dynamodb_streams=_finds_nothing,
    )
    if forks.IS_POSSIBLE:
        _fork_workers(lambda_svc, warm)


def _finds_nothing() -> bool:
    """Look for what the stack has none of: streams."""
    return False


def _fork_workers(lambda_svc: Any, warm: frozenset[str]) -> None:
    from ministack.core.concurrency import spawn_background  # type: ignore[import-untyped]

    lambda_runtime._PYTHON_WORKER_SCRIPT = forks.forkable(lambda_runtime._PYTHON_WORKER_SCRIPT)
    Worker.templates = templates = forks.Templates()
    invalidate: Callable[..., None] = lambda_svc.invalidate_worker

    def changed(name: str, **of: object) -> None:
        """Discard the workers of a function that was created, changed or deleted."""
        invalidate(name, **of)
        templates.close(name)
        function = lambda_svc._functions.get(name)
        if function and function.get("code_zip") and any(part in name for part in warm):
            worker = Worker(name, function["config"], function["code_zip"])
            spawn_background(worker.load, thread_name=f"template-{name}")

    lambda_svc.invalidate_worker = changed


if __name__ == "__main__":
    main()
