"""CPU and memory of a local deployment's processes, by kind."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

import psutil

from infra.local.processes import ProcessRef

CLIENT = "load client"
_WORKER = re.compile(r"ministack-lambda-\w+-(\w+?)Function-")


class Usage:
    """Counts from its making on: what the processes of a deployment, and this one, use."""

    def __init__(self, processes: Iterable[ProcessRef]) -> None:
        self._roots = tuple(processes)
        self._before = {key: cpu for key, (_, cpu, _) in self._sample().items()}

    def read(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return CPU seconds since the start, and memory in MB now, by kind of process."""
        cpu_s: dict[str, float] = defaultdict(float)
        memory_mb: dict[str, float] = defaultdict(float)
        for key, (kind, spent, memory) in self._sample().items():
            cpu_s[kind] += spent - self._before.get(key, 0.0)
            memory_mb[kind] += memory
        return dict(cpu_s), dict(memory_mb)

    def deployment(self) -> tuple[float, int]:
        """Return the memory in MB and the number of the deployment's processes, the load client left out."""
        found = [memory for kind, _, memory in self._sample().values() if kind != CLIENT]
        return sum(found), len(found)

    def _sample(self) -> dict[tuple[int, float], tuple[str, float, float]]:
        """Return kind, CPU seconds and MB of each process that runs."""
        found = {}
        for kind, process in self._family():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                times = process.cpu_times()
                key = (process.pid, process.create_time())
                found[key] = (kind, times.user + times.system, _memory_mb(process))
        return found

    def _family(self) -> Iterable[tuple[str, psutil.Process]]:
        yield CLIENT, psutil.Process(os.getpid())
        for root in self._roots:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(root.pid)
                yield root.name, process
                for child in process.children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        yield _kind(root.name, child), child


def _kind(parent: str, child: psutil.Process) -> str:
    worker = _WORKER.search(" ".join(child.cmdline()))
    return worker[1] if worker else parent


def _memory_mb(process: psutil.Process) -> float:
    """Return the memory that is the process's own share: what PostgreSQL shares counts once in all."""
    full = process.memory_full_info()
    return float(getattr(full, "pss", full.rss)) / 2**20
