"""The standard set: ``python -m infra.lab.bench.standard [PART …]`` measures and rewrites the page.

Figures that decide are medians of several runs; the whole takes about half an hour, ten minutes of which
hold idle sockets, ``--quick`` four. Each part's figures are kept in a file once it is measured, so that one
which failed, or which a change concerns, can be measured again by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
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
KEPT = PROJECT / "build"
"""Where the figures are kept, by part."""
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


def _own(sizes: Sizes) -> Document:
    _note("own CPU and cold starts")
    return {"budget": budget.measure(sizes.runs, 200).document()}


def _bare(sizes: Sizes) -> Document:
    _note("the emulator by itself")
    return {"bareOrdersPerSecond": round(median(bare.measure(sizes.runs)))}


def _warm(sizes: Sizes) -> Document:
    started = perf_counter()
    with session.own_deployment("none") as state:
        up_s = perf_counter() - started
        first = session.measure(Plan(1, warm_up=0), session.target_of(state), state).report
        return {
            "upSeconds": round(up_s, 2),
            "firstOrderSeconds": first["seconds"],
            **_zero_latency(sizes, state),
            **_growth(sizes, state),
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
        held = asyncio.run(hold.hold(session.target_of(state), state, sockets, seconds))
    return {"held": {**held._asdict()}}


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


def _default_latency(_: Sizes) -> Document:
    idle, busy = Plan(20, rate=1.5), Plan(100, warm_up=20)
    with session.own_deployment("default") as state:
        target = session.target_of(state)
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


PARTS: dict[str, Callable[[Sizes], Document]] = {
    "own": _own,
    "bare": _bare,
    "warm": _warm,
    "default-latencies": _default_latency,
    "cold": _cold,
    "held": _held,
    "waiting": _waiting,
}
"""What can be measured by itself, in the order in which all is."""


def measure(parts: Sequence[str], sizes: Sizes, kept: Path) -> None:
    """Measure parts and keep the figures of each, once it is measured, in a file that may hold others'.

    Raises ``LocalError``, ``SdkError``.
    """
    for name in parts:
        figures = PARTS[name](sizes)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        measured: Document = {"commit": session.commit(), "at": at, "machine": session.machine()}
        found = _kept(kept) | {name: {**measured, "figures": figures}}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found, indent=2) + "\n")


def _kept(path: Path) -> Document:
    return cast(Document, json.loads(path.read_text())) if path.exists() else {}


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.bench.standard", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"{', '.join(PARTS)}; without one, all")
    parser.add_argument("--quick", action="store_true", help="less of everything, four minutes")
    parser.add_argument(
        "--page", action="store_true", help="write the page from what is kept, measure nothing"
    )
    options = parser.parse_args()
    if unknown := set(options.part) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    kept = KEPT / f"performance{'-quick' if options.quick else ''}.json"
    hold.allow_many_sockets()
    if not options.page:
        measure(options.part or tuple(PARTS), QUICK if options.quick else FULL, kept)
    found = _kept(kept)
    if missing := set(PARTS) - set(found):
        parser.exit(1, f"the page was not written: {', '.join(sorted(missing))} never measured here\n")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
