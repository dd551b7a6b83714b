"""A whole run: a deployment of its own or a given one, load on it, and the report as a document."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from dexec import __version__
from dexec_client.raw.json_types import Document
from infra.lab.bench import load, yardstick
from infra.lab.bench.figures import Figures
from infra.lab.bench.plan import Plan, Target
from infra.lab.bench.usage import Usage
from infra.local import deployment
from infra.local.home import PROJECT, Home, State
from infra.local.keys import create_key

API_KEY = "bench"
YARDSTICKS = 200
"""How much of the work that never changes each processor does after a run."""


@dataclass(frozen=True)
class Session:
    """A run's figures, and its report as JSON."""

    figures: Figures
    report: Document


@contextmanager
def own_deployment(latency: str) -> Iterator[State]:
    """Start a local deployment in a directory of its own, with a key without limit; stop it at the end.

    Raises ``LocalError``.
    """
    with tempfile.TemporaryDirectory(prefix="dexec-bench-", ignore_cleanup_errors=True) as root:
        home = Home(Path(root).resolve())
        # No tape, as on AWS.
        parameters = {"PaperLatency": latency, "MaxStreamsPerClient": "1000", "PaperTape": ""}
        state = deployment.up(home, deployment.Options(parameters=parameters)).state
        try:
            create_key(state.database_url, API_KEY, orders_per_minute=0)
            yield state
        finally:
            deployment.down(home)


def target_of(state: State) -> Target:
    """Return the target that a deployment of our own is."""
    return Target(state.http_url, state.websocket_url, API_KEY, state.parameters.get("PaperLatency"))


def measure(
    plan: Plan, target: Target, state: State | None, progress: load.Progress = lambda *_: None
) -> Session:
    """Warm up, then run the plan; ``state`` is given where the processes can be looked at.

    Without the warm-up the figures would be those of functions that start. Raises ``SdkError``.
    """
    if plan.warm_up:
        asyncio.run(load.run(replace(plan, orders=plan.warm_up, rate=None, watchers=1), target))
    usage = Usage(state.processes if state else ())
    run = asyncio.run(load.run(plan, target, progress))
    cpu_s, memory_mb = usage.read()
    deployment_mb, processes = usage.deployment()
    figures = Figures(run, target.latency)
    report: Document = {
        **figures.document(),
        "cpuSeconds": {kind: round(spent, 2) for kind, spent in sorted(cpu_s.items())},
        "memoryMb": {kind: round(size, 1) for kind, size in sorted(memory_mb.items())},
        "deploymentMb": round(deployment_mb, 1) if state else None,
        "processes": processes if state else None,
        "yardstickCpuMs": round(yardstick.cpu_ms_of_all(YARDSTICKS), 2),
        "plan": _plan(plan, target),
        "machine": machine(),
        "version": __version__,
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Session(figures, report)


def machine() -> Document:
    """Return what the figures were measured on."""
    return {
        "cores": os.cpu_count() or 0,
        "memoryGb": round(psutil.virtual_memory().total / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "loadAverage": round(psutil.getloadavg()[0], 2),
    }


def commit() -> str | None:
    """Return the checkout's commit, with ``+`` where files were changed since; None outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def _plan(plan: Plan, target: Target) -> Document:
    fields = asdict(plan)
    del fields["silence_s"]
    return {"warmUp": fields.pop("warm_up"), **fields, "latency": target.latency, "endpoint": target.http_url}


def _processor() -> str:
    """Return the processor's name, as Linux tells it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
