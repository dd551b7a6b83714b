"""CPU budget of an order and of a cold start: ``python -m infra.lab.bench.budget``.

The handlers run against a real PostgreSQL and a sink for queue and pushes; neither's CPU counts as ours.
Every figure is the median of several runs, each in a process of its own. ``--build .aws-sam/build`` measures
the cold starts of what ``make package`` wrote instead, with nothing but that and Lambda's own Python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple, cast

from rich.console import Console
from rich.table import Table

from dexec_client.raw.json_types import Document
from infra.lab.bench import invoke
from infra.lab.bench.stand import API_KEY, Stand, stand
from infra.local.home import PROJECT

WATCHERS = 4
Figures = dict[str, float]
Starts = dict[str, Figures]
"""Of cold starts, by function and first request."""

RESOURCES = {"http_api": "HttpApiFunction", "executor": "ExecutorFunction", "websocket": "WebSocketFunction"}


class Budget(NamedTuple):
    """Of one order with 0 and with ``WATCHERS`` watchers, and of cold starts by their first request."""

    unwatched: Figures
    watched: Figures
    frame_cpu_ms: float
    cold: Starts

    def document(self) -> Document:
        """Return the figures as JSON."""
        return {
            "orderCpuMs": {**self.unwatched},
            "watchedOrderCpuMs": {**self.watched},
            "frameCpuMs": self.frame_cpu_ms,
            "coldStart": {name: {**start} for name, start in self.cold.items()},
        }


def measure(runs: int, orders: int) -> Budget:
    """Take ``runs`` measurements of each figure, ``orders`` orders each, in turn, so that noise is shared."""
    unwatched, watched, cold = [], [], []
    with stand() as quiet, stand() as busy:
        busy.watch(WATCHERS)
        for _ in range(runs):
            unwatched.append(_warm(quiet, orders))
            watched.append(_warm(busy, orders))
            cold.append(_cold(quiet))
    per_frame = [
        (after["cpuMs"] - before["cpuMs"]) / after["frames"]
        for before, after in zip(unwatched, watched, strict=True)
    ]
    return Budget(_medians(unwatched), _medians(watched), median(per_frame), _medians_by_start(cold))


def measure_build(build: Path, python: str, runs: int) -> Starts:
    """Return the medians of ``runs`` cold starts of what ``sam build`` wrote for this processor."""
    with stand() as around:
        return _medians_by_start([_cold(around, build, python) for _ in range(runs)])


def _medians_by_start(runs: Sequence[Starts]) -> Starts:
    return {name: _medians([run[name] for run in runs]) for name in runs[0]}


def _medians(runs: Sequence[Figures]) -> Figures:
    return {name: median(run[name] for run in runs) for name in runs[0]}


def _warm(around: Stand, orders: int) -> Figures:
    argv = [sys.executable, "-m", "infra.lab.bench.warm_orders", str(orders), API_KEY]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, cwd=PROJECT, env=around.environ(), stdin=pipe, stdout=pipe, text=True
    ) as child:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the measuring process has no pipes")
        next(line for line in child.stdout if line == '{"warm": true}\n')
        frames, database_s = around.frames(), around.database_cpu_s()
        child.stdin.write("\n")
        child.stdin.flush()
        last = "{}"
        for line in child.stdout:
            last = line
            if line.startswith('{"acceptCpuMs"'):
                database_s = around.database_cpu_s() - database_s
    figures = cast(Figures, json.loads(last))
    figures["cpuMs"] = figures["acceptCpuMs"] + figures["executeCpuMs"]
    figures["frames"] = (around.frames() - frames) / orders
    figures["databaseCpuMs"] = database_s * 1000 / orders
    return figures


def _cold(around: Stand, build: Path | None = None, python: str = sys.executable) -> Starts:
    """Start each function once, from source or a build: an order that is accepted cold is executed cold."""

    def start(function: str, event: invoke.Event) -> tuple[Figures, dict[str, object]]:
        folder, environ = invoke.FUNCTIONS / function, around.environ()
        if build is not None:
            folder = build / RESOURCES[function]
            # The function and the layer before the project, of which only the bench itself is needed.
            environ["PYTHONPATH"] = f"{folder}:{build / 'Layer' / 'python'}:{PROJECT}"
        return _start((python, "-s"), folder, environ, event)

    post, accepted = start("http_api", invoke.post_order(0, API_KEY))
    order_id = json.loads(str(accepted["body"]))["orderId"]
    return {
        "http_api: POST /api/orders/execute": post,
        "executor: one order": start("executor", invoke.queue_message(order_id))[0],
        "websocket: $connect": start("websocket", invoke.connect("cold", API_KEY))[0],
        "websocket: execute frame": start("websocket", invoke.execute_frame("cold", 1))[0],
    }


def _start(
    python: Sequence[str], function: Path, environ: Mapping[str, str], event: invoke.Event
) -> tuple[Figures, dict[str, object]]:
    """Start the function in a folder once, in an interpreter of its own; return figures and answer.

    Raises ``RuntimeError`` where the event is refused.
    """
    argv = [*python, "-m", "infra.lab.bench.cold_start", str(function), json.dumps(event)]
    run = subprocess.run(argv, cwd=function, env=dict(environ), check=True, stdout=subprocess.PIPE, text=True)
    measured = json.loads(run.stdout.splitlines()[-1])
    answer = measured.pop("answer")
    if answer.get("statusCode", 200) >= 300 or answer.get("batchItemFailures"):
        raise RuntimeError(f"{function} refused its first request: {answer}\n{run.stdout}")
    figures = cast(Figures, measured)
    figures["cpuMs"] = figures["importCpuMs"] + figures["firstCpuMs"]
    figures["ms"] = figures["importMs"] + figures["firstMs"]
    return figures, answer


def print_budget(budget: Budget) -> None:
    """Print the figures as two tables."""
    console = Console(highlight=False)
    order = Table("own CPU of an order, ms", "accept", "execute", "both", "frames", "PostgreSQL", box=None)
    for name, run in (("no watchers", budget.unwatched), (f"{WATCHERS} watchers", budget.watched)):
        cells = ("acceptCpuMs", "executeCpuMs", "cpuMs", "frames", "databaseCpuMs")
        order.add_row(name, *(f"{run[cell]:.2f}" for cell in cells))
    console.print(order)
    console.print(f"a pushed frame: {budget.frame_cpu_ms:.2f} ms")
    yardstick_ms = budget.unwatched["yardstickCpuMs"]
    times = budget.unwatched["cpuMs"] / yardstick_ms
    console.print(f"the yardstick: {yardstick_ms:.2f} ms; both without watchers are {times:.1f} times that\n")
    print_starts(budget.cold)


def print_starts(starts: Starts) -> None:
    """Print cold starts as a table."""
    cold = Table("cold start, ms", "import CPU", "first CPU", "both CPU", "wall", "memory MB", box=None)
    for name, start in starts.items():
        cells = ("importCpuMs", "firstCpuMs", "cpuMs", "ms", "memoryMb")
        cold.add_row(name, *(f"{start[cell]:.0f}" for cell in cells))
    Console(highlight=False).print(cold)


def main() -> None:
    """Measure, print tables, or JSON with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.budget", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="measurements of each figure")
    parser.add_argument("--orders", type=int, default=300, help="orders a measurement")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--build", type=Path, help="cold starts of a build: .aws-sam/build")
    parser.add_argument("--python", default="python3.13", help="Lambda's Python, for --build")
    options = parser.parse_args()
    if options.build:
        print_starts(measure_build(options.build.resolve(), options.python, options.runs))
        return
    budget = measure(options.runs, options.orders)
    if options.json:
        print(json.dumps(budget.document(), indent=2))
    else:
        print_budget(budget)


if __name__ == "__main__":
    main()
