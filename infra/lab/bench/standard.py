"""The standard set: ``python -m infra.lab.bench.standard [--quick]`` measures and rewrites the page.

Figures that decide are medians of several runs; the whole takes about half an hour, ten minutes of which
hold idle sockets, ``--quick`` four.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, cast

from dexec_client.raw.json_types import Document
from infra.json_types import Json
from infra.lab.bench import bare, budget, history, hold, placing, session, triggering, waiting
from infra.lab.bench.performance import LOSSES, page
from infra.lab.bench.plan import Plan, Sockets, Target
from infra.local.home import PROJECT, State
from infra.local.keys import create_key

PAGE = PROJECT / "docs" / "performance.md"
CONNECTIONS = 50
"""Of the load client, where many clients come at once."""

Figure = Callable[[Document], float]

LONGEST_S = 180
"""What one step may take, by the speed of the step before."""


class Sizes(NamedTuple):
    """How much is measured."""

    runs: int
    burst: int
    orders: tuple[int, ...]
    watchers: tuple[tuple[int, int], ...]
    """Watchers, and the orders whose events they receive."""
    rows: tuple[int, ...]
    waiting: tuple[int, ...]
    """Orders that wait while the market is ticked."""
    storm: int
    """Stops that one gap triggers."""
    held: tuple[int, float]
    """Sockets that are held open, and for how many seconds."""


FULL = Sizes(
    runs=5,
    burst=500,
    orders=(10, 100, 1_000, 10_000),
    watchers=((1, 100), (10, 50), (100, 10), (1_000, 2)),
    rows=(10**3, 10**4, 10**5, 10**6),
    waiting=(10**3, 10**4, 10**5, 10**6),
    storm=10_000,
    held=(1_000, 600),
)
QUICK = Sizes(
    runs=1,
    burst=200,
    orders=(10, 100),
    watchers=((1, 50), (10, 20)),
    rows=(10**3, 10**4),
    waiting=(10**3, 10**4),
    storm=500,
    held=(200, 20),
)


def measure(sizes: Sizes) -> Document:
    """Measure the set and return it, JSON-ready. Raises ``LocalError``, ``SdkError``."""
    _note("own CPU and cold starts")
    own = budget.measure(sizes.runs, 200)
    _note("the emulator by itself")
    alone = median(bare.measure(sizes.runs))
    started = perf_counter()
    with session.own_deployment("none") as state:
        up_s = perf_counter() - started
        first = session.measure(Plan(1, warm_up=0), session.target_of(state), state).report
        zero = _zero_latency(sizes, state)
        growth = _growth(sizes, state)
    with session.own_deployment("default") as state:
        default = _default_latency(state)
    cold = _cold(sizes)
    held = _held(sizes)
    waits = _waiting(sizes)
    return {
        "budget": own.document(),
        "bareOrdersPerSecond": round(alone),
        "upSeconds": round(up_s, 2),
        "firstOrderSeconds": first["seconds"],
        **zero,
        **growth,
        **default,
        **cold,
        "held": held,
        **waits,
        "machine": session.machine(),
        "commit": session.commit(),
        "at": str(first["at"]),
    }


def _zero_latency(sizes: Sizes, state: State) -> Document:
    target = session.target_of(state)
    burst, per_order = Plan(sizes.burst), Plan(sizes.burst, sockets=Sockets.one_per_order)
    many, idle = replace(burst, connections=CONNECTIONS), Plan(50, rate=4)
    return {
        # First: what a burst leaves behind, closing its sockets for one, would not be idle.
        "idle": _runs("idle", idle, target, state, sizes.runs, by=end_to_end_ms),
        "burst": _runs(f"burst of {sizes.burst}", burst, target, state, sizes.runs),
        "burstSocketPerOrder": _runs("a socket per order", per_order, target, state, sizes.runs),
        "manyClients": _runs("50 connections", many, target, state, sizes.runs),
    }


def _cold(sizes: Sizes) -> Document:
    """Measure the first burst of deployments that have just come up, each on one of its own."""
    stream = Plan(sizes.burst, connections=CONNECTIONS, warm_up=0, cold=True)
    plans = {"coldBurst": stream, "coldSocketPerOrder": replace(stream, sockets=Sockets.one_per_order)}
    found: Document = {}
    for name, plan in plans.items():
        reports = []
        for number in range(sizes.runs):
            _note(f"{name}, run {number + 1} of {sizes.runs}")
            with session.own_deployment("none") as state:
                reports.append(session.measure(plan, session.target_of(state), state).report)
        found[name] = of_runs(reports)
    return found


def _held(sizes: Sizes) -> Document:
    """Measure what idle sockets cost, on a deployment of their own."""
    sockets, seconds = sizes.held
    _note(f"{sockets} sockets held for {seconds:.0f} s")
    with session.own_deployment("none") as state:
        return {**asyncio.run(hold.hold(session.target_of(state), state, sockets, seconds))._asdict()}


def _waiting(sizes: Sizes) -> Document:
    """Measure what orders cost that wait, and how soon they are signed once they are due."""
    _note("ticks with orders that wait, and placing them")
    ticks = waiting.measure(sizes.waiting, 2 * sizes.runs)
    placed = placing.measure(min(40 * sizes.runs, placing.MOST))
    _note("from ticks to signatures, and a storm")
    return {
        "ticks": [*ticks],
        "placing": {name: {"ownCpuMs": own, "databaseCpuMs": db} for name, (own, db) in placed.items()},
        "signed": [triggering.latency(tick_ms, 10 * sizes.runs) for tick_ms in (1_000, 250)],
        "storm": triggering.storm(sizes.storm),
    }


def _growth(sizes: Sizes, state: State) -> Document:
    target = session.target_of(state)
    orders: list[Json] = []
    rate = math.inf
    for count in sizes.orders:
        if count / rate > LONGEST_S:
            _note(f"{count} orders would take longer than {LONGEST_S} s on this machine: left out")
            break
        run = _runs(f"{count} orders", Plan(count, warm_up=0), target, state, 1)
        rate = float(str(run["ordersPerSecond"])) or 1.0
        orders.append(run)
    watchers: list[Json] = [
        _runs(f"{count} watchers", Plan(size, watchers=count, warm_up=0), target, state, 1)
        for count, size in sizes.watchers
    ]
    return {"growthOrders": orders, "growthWatchers": watchers, "growthHistory": _histories(sizes, state)}


def _histories(sizes: Sizes, state: State) -> list[Json]:
    key = "bench-history"
    create_key(state.database_url, key, orders_per_minute=0)
    target = Target(state.http_url, state.websocket_url, key)
    found: list[Json] = []
    before = 0
    for rows in sizes.rows:
        _note(f"{rows} rows of history")
        history.grow(state.database_url, key, before + 1, rows // 2)
        history.grow(state.database_url, f"{key}-other", before + 1, rows // 2, newer=True)
        before = rows // 2
        found.append({"rows": rows, **history.measure(target)})
    return found


def _default_latency(state: State) -> Document:
    target = session.target_of(state)
    idle, busy = Plan(20, rate=1.5), Plan(100, warm_up=20)
    return {
        "defaultIdle": _runs("default latencies, idle", idle, target, state, 1),
        "defaultBurst": _runs("default latencies, burst", busy, target, state, 1),
    }


def _orders_per_second(report: Document) -> float:
    return float(str(report["ordersPerSecond"]))


def end_to_end_ms(report: Document) -> float:
    """Return the median latency: on a schedule the throughput is the schedule's."""
    return float(str(cast(Document, report["endToEndMs"])["p50"]))


def _runs(
    name: str, plan: Plan, target: Target, state: State, runs: int, *, by: Figure = _orders_per_second
) -> Document:
    """Run a plan several times on one deployment; return the run that is the median by a figure."""
    reports = []
    for number in range(runs):
        _note(f"{name}, run {number + 1} of {runs}")
        reports.append(session.measure(plan, target, state).report)
    return of_runs(reports, by)


def of_runs(reports: Sequence[Document], by: Figure = _orders_per_second) -> Document:
    """Return the report of the median run, the throughputs of all, and the worst of what is lost."""
    worst = {name: max(int(str(report[name])) for report in reports) for name in LOSSES}
    middle = sorted(reports, key=by)[(len(reports) - 1) // 2]
    return {**middle, **worst, "ordersPerSecondOfRuns": [_orders_per_second(report) for report in reports]}


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and write the page, and the figures as JSON where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.standard", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, four minutes")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--from-json", type=Path, help="write the page from such a file, measure nothing")
    options = parser.parse_args()
    hold.allow_many_sockets()
    if options.from_json:
        figures = json.loads(options.from_json.read_text())
    else:
        figures = measure(QUICK if options.quick else FULL)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    PAGE.write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
