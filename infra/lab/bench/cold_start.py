"""One cold start: import a function and serve its first request, in an interpreter that did nothing else.

``python -m infra.lab.bench.cold_start FOLDER EVENT`` takes a function's folder and the event as JSON; the
last line it prints is the measurement as JSON. Times count from the first line of this module on, after the
interpreter's own start.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from infra.lab.bench import invoke


def measure(function: Path, event: invoke.Event) -> dict[str, object]:
    """Return CPU and wall milliseconds of the import and the first request, peak memory, and the answer."""
    cpu, wall = [time.process_time()], [time.perf_counter()]
    handler = invoke.load(function)
    cpu.append(time.process_time())
    wall.append(time.perf_counter())
    answer = handler(event, invoke.Context())
    cpu.append(time.process_time())
    wall.append(time.perf_counter())
    return {
        "importCpuMs": (cpu[1] - cpu[0]) * 1000,
        "firstCpuMs": (cpu[2] - cpu[1]) * 1000,
        "importMs": (wall[1] - wall[0]) * 1000,
        "firstMs": (wall[2] - wall[1]) * 1000,
        "memoryMb": _peak_memory_mb(),
        "answer": answer,
    }


def _peak_memory_mb() -> float:
    """Return this program's peak; what ``getrusage`` says on Linux may be that of the process it was."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return (peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), json.loads(sys.argv[2]))))
