"""CPU budget of an order and of a cold start: ``python -m infra.lab.bench.budget``.

The handlers run against a real PostgreSQL and a sink for queue and pushes; neither's CPU counts as ours.
Every figure is the median of several runs, each in a process of its own.
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

from infra.client.api import Document
from infra.lab.bench import invoke
from infra.lab.bench.stand import API_KEY, Stand, stand
from infra.local.home import PROJECT

WATCHERS = 4
Figures = dict[str, float]


class Budget(NamedTuple):
    """Of one order with 0 and with ``WATCHERS`` watchers, and of cold starts by their first request."""

    unwatched: Figures
    watched: Figures
    frame_cpu_ms: float
    cold: dict[str, Figures]

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
    starts = {name: _medians([run[name] for run in cold]) for name in cold[0]}
    return Budget(_medians(unwatched), _medians(watched), median(per_frame), starts)


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


def _cold(around: Stand) -> dict[str, Figures]:
    """Start each function once: an order that is accepted cold is executed cold."""
    environ = around.environ()
    post, accepted = start(environ, invoke.FUNCTIONS / "http_api", invoke.post_order(0, API_KEY))
    order_id = json.loads(str(accepted["body"]))["orderId"]
    execute, _ = start(environ, invoke.FUNCTIONS / "executor", invoke.queue_message(order_id))
    connect, _ = start(environ, invoke.FUNCTIONS / "websocket", invoke.connect("cold", API_KEY))
    frame, _ = start(environ, invoke.FUNCTIONS / "websocket", invoke.execute_frame("cold", 1))
    return {
        "http_api: POST /api/orders/execute": post,
        "executor: one order": execute,
        "websocket: $connect": connect,
        "websocket: execute frame": frame,
    }


def start(
    environ: Mapping[str, str],
    function: Path,
    event: invoke.Event,
    python: Sequence[str] = (sys.executable,),
) -> tuple[Figures, dict[str, object]]:
    """Start the function in a folder once, in an interpreter of its own; return figures and answer.

    ``python`` is that interpreter with its options. Raises ``RuntimeError`` where the event is refused.
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
    console.print(f"a pushed frame: {budget.frame_cpu_ms:.2f} ms\n")
    cold = Table("cold start, ms", "import CPU", "first CPU", "both CPU", "wall", "memory MB", box=None)
    for name, start in budget.cold.items():
        cells = ("importCpuMs", "firstCpuMs", "cpuMs", "ms", "memoryMb")
        cold.add_row(name, *(f"{start[cell]:.0f}" for cell in cells))
    console.print(cold)


def main() -> None:
    """Measure, print tables, or JSON with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.budget", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="measurements of each figure")
    parser.add_argument("--orders", type=int, default=300, help="orders a measurement")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    budget = measure(options.runs, options.orders)
    if options.json:
        print(json.dumps(budget.document(), indent=2))
    else:
        print_budget(budget)


if __name__ == "__main__":
    main()
