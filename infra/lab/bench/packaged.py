"""Cold starts of what is deployed: ``python -m infra.lab.bench.packaged BUILD``, the folder of ``sam build``.

Each function starts with nothing but its build and the layer, in Lambda's own Python version, once with
bytecode and once without. Lambda starts a function with a whole processor and then gives it a share by its
memory, so the first request counts by that share.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from infra.lab.bench import budget, invoke
from infra.lab.bench.budget import Figures
from infra.lab.bench.stand import API_KEY, Stand, stand
from infra.lab.model.assumptions import assumptions
from infra.lab.model.run import processor_share
from infra.lab.model.stack import FUNCTIONS, stack
from infra.local.home import PROJECT

COMPILING = ("-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash")
"""As ``make package`` does: what is deployed never changes, so no file's time has to be looked at."""

Starts = dict[str, Figures]


def measure(build: Path, python: str, runs: int) -> dict[str, Starts]:
    """Return the medians of ``runs`` starts of each function, without bytecode and with it, in turn."""
    with tempfile.TemporaryDirectory(prefix="dexec-packaged-") as folder, stand() as around:
        plain, compiled = Path(folder, "plain"), Path(folder, "compiled")
        for copy in (plain, compiled):
            shutil.copytree(build, copy, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([python, *COMPILING, str(compiled)], check=True)
        variants = {"without bytecode": plain, "with bytecode": compiled}
        taken: dict[str, list[Starts]] = {name: [] for name in variants}
        for _ in range(runs):
            for name, place in variants.items():
                taken[name].append(_starts(around, place, python))
    return {
        name: {
            function: {figure: median(run[function][figure] for run in all_runs) for figure in first}
            for function, first in all_runs[0].items()
        }
        for name, all_runs in taken.items()
    }


def _starts(around: Stand, build: Path, python: str) -> Starts:
    post = invoke.post_order(0, API_KEY)
    first, accepted = _start(around, build, "HttpApiFunction", post, python)
    order_id = json.loads(str(accepted["body"]))["orderId"]
    second, _ = _start(around, build, "ExecutorFunction", invoke.queue_message(order_id), python)
    return {"HttpApiFunction": first, "ExecutorFunction": second}


def _start(
    around: Stand, build: Path, function: str, event: invoke.Event, python: str
) -> tuple[Figures, dict[str, object]]:
    # The function and the layer before the project, of which only the bench itself is needed.
    places = [str(build / function), str(build / "Layer" / "python"), str(PROJECT)]
    environ = {**around.environ(), "PYTHONPATH": ":".join(places), "PYTHONDONTWRITEBYTECODE": "1"}
    figures, answer = budget.start(environ, build / function, event, (python, "-s"))
    names = {resource: name for name, resource in FUNCTIONS.items()}
    share = processor_share(stack().memory_mb[names[function]], assumptions())
    figures["lambdaMs"] = figures["importCpuMs"] + figures["firstCpuMs"] / share
    return figures, answer


def main() -> None:
    """Measure and print a table, or JSON with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.packaged", description=__doc__)
    parser.add_argument("build", type=Path, help="the folder that sam build wrote, for this processor")
    parser.add_argument("--python", default="python3.13", help="Lambda's Python")
    parser.add_argument("--runs", type=int, default=5, help="starts of each function")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    python = shutil.which(options.python)
    if python is None:
        sys.exit(f"{options.python} is not on PATH; name Lambda's Python with --python")
    found = measure(options.build, python, options.runs)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    figures = ("import CPU", "first CPU", "both CPU", "on Lambda", "memory MB")
    table = Table("cold start, ms", "", *figures, box=None)
    for variant, starts in found.items():
        for function, start in starts.items():
            cells = ("importCpuMs", "firstCpuMs", "cpuMs", "lambdaMs", "memoryMb")
            table.add_row(function, variant, *(f"{start[cell]:.0f}" for cell in cells))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
