"""The page about performance: figures of the standard set put into its prose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import cast

from infra.client.api import Document
from infra.lab.bench.usage import CLIENT
from infra.markdown import table

_PROSE = Path(__file__).parent / "performance.md"
LOSSES = ("socketsRefused", "ordersRefused", "ordersBehindError", "eventsMissing", "eventsDuplicated")
"""What there is to be none of; of several runs the page has the worst."""

_EVENTS = ("eventsMissing", "eventsDuplicated", "eventsOutOfOrder")


def page(figures: Document) -> str:
    """Return the page as Markdown."""
    machine = cast(Document, figures["machine"])
    tables = {
        "machine": f"{machine['cores']} × {machine['processor']}, {machine['memoryGb']} GB, "
        f"{machine['system']}, Python {machine['python']}",
        "load": str(machine["loadAverage"]),
        "at": str(figures["at"]),
        "commit": str(figures["commit"]),
        "figures": _figures(figures),
        "first": _first(figures),
        "cpu": _cpu(_of(figures, "burst")),
        "ceiling": _ceiling(figures),
        "bare": str(figures["bareOrdersPerSecond"]),
        "budget": _budget(figures),
        "cold": _cold(figures),
        "orders": _growth_orders(figures),
        "watchers": _growth_watchers(figures),
        "history": _growth_history(figures),
        "states": _states(figures),
    }
    return Template(_PROSE.read_text(encoding="utf-8")).substitute(tables)


def _figures(figures: Document) -> str:
    burst, sockets, idle = (_of(figures, name) for name in ("burst", "burstSocketPerOrder", "idle"))
    default, busy = _of(figures, "defaultIdle"), _of(figures, "defaultBurst")
    ready_s = float(str(figures["upSeconds"])) + float(str(figures["firstOrderSeconds"]))
    rows = [
        ("burst, one socket hears all: orders a second", "≥ 100", f"{burst['ordersPerSecond']}"),
        ("… end to end p50 / p99, ms", "", _times(burst, "endToEndMs", "p50", "p99")),
        ("… missing, twice, out of order", "0", _counts(burst)),
        ("burst, a socket for each order: orders a second", "≥ 76", f"{sockets['ordersPerSecond']}"),
        ("idle, end to end p50 / p99, ms", "≤ 28", _times(idle, "endToEndMs", "p50", "p99")),
        ("idle, POST p50 / p99, ms", "≤ 12", _times(idle, "acceptMs", "p50", "p99")),
        (
            "default latencies, idle: overhead p50 / p99, ms",
            "≤ 60",
            _times(default, "overheadMs", "p50", "p99"),
        ),
        (
            "default latencies, burst: executing while others wait",
            "10",
            f"{busy['executingWhileQueued']} on average, {busy['highestExecuting']} at the most",
        ),
        ("start to first confirmed order, s", "≤ 8", f"{ready_s:.1f}"),
    ]
    return table(("figure", "wanted", "measured"), rows)


def _first(figures: Document) -> str:
    """Return the first burst of a new deployment beside warm ones: what is lost, and the memory."""
    runs = {
        "first burst after `up`": "coldBurst",
        "first burst after `up`, a socket for each order": "coldSocketPerOrder",
        "warm burst": "burst",
        "warm burst, many connections": "manyClients",
        "warm burst, a socket for each order": "burstSocketPerOrder",
    }
    rows = []
    for label, name in runs.items():
        run = _of(figures, name)
        memory = f"{float(str(run['deploymentMb'])):.0f} in {run['processes']}"
        rate, told = f"{run['ordersPerSecond']}", _times(run, "endToEndMs", "p50", "p99")
        rows.append((label, _planned(run, "connections"), rate, told, *(f"{run[x]}" for x in LOSSES), memory))
    lost = ("sockets refused", "orders refused", "executed behind an error", "events missing", "twice")
    names = ("", "connections", "orders/s", "told p50 / p99 ms", *lost, "memory MB, processes")
    return table(names, rows)


def _cpu(run: Document) -> str:
    confirmed = int(str(run["ordersConfirmed"])) or 1
    memory = cast("dict[str, float]", run["memoryMb"])
    spent = cast("dict[str, float]", run["cpuSeconds"])
    rows = [
        (kind, f"{seconds * 1000 / confirmed:.1f}", f"{memory.get(kind, 0):.0f}")
        for kind, seconds in sorted(spent.items(), key=lambda item: -item[1])
    ]
    rows.append(("together", f"{sum(spent.values()) * 1000 / confirmed:.1f}", f"{sum(memory.values()):.0f}"))
    return table(("process", "CPU ms an order", "memory MB"), rows)


def _ceiling(figures: Document) -> str:
    """Return the throughput at which the processors would be full, how near the burst came, and whose CPU."""
    burst = _of(figures, "burst")
    cores = int(str(cast(Document, figures["machine"])["cores"]))
    spent = cast("dict[str, float]", burst["cpuSeconds"])
    total = sum(spent.values()) or 1.0
    bound = cores * int(str(burst["ordersConfirmed"])) / total
    others = {name: spent.get(name, 0.0) / total for name in ("postgres", "emulator", CLIENT)}
    shares = [f"{share:.0%} the {name}'s" for name, share in others.items()]
    reached = float(str(burst["ordersPerSecond"])) / bound
    return (
        f"{bound:.0f} orders a second, of which the burst reached {reached:.0%}. "
        f"Of the CPU {1 - sum(others.values()):.0%} is the functions', {', '.join(shares)}"
    )


def _budget(figures: Document) -> str:
    own = _of(figures, "budget")
    runs = {"nobody watching": "orderCpuMs", "4 watchers": "watchedOrderCpuMs"}
    names = ("acceptCpuMs", "executeCpuMs", "cpuMs", "frames", "databaseCpuMs")
    rows = [
        (name, *(f"{cast('dict[str, float]', own[key])[field]:.2f}" for field in names))
        for name, key in runs.items()
    ]
    rows.append(("a pushed frame", "", "", f"{float(str(own['frameCpuMs'])):.2f}", "", ""))
    return table(("ms of CPU", "accept", "execute", "both (≤ 4)", "frames", "PostgreSQL's"), rows)


def _cold(figures: Document) -> str:
    cold = cast("dict[str, dict[str, float]]", _of(figures, "budget")["coldStart"])
    names = ("importCpuMs", "firstCpuMs", "cpuMs", "ms", "memoryMb")
    rows = [(name, *(f"{start[field]:.0f}" for field in names)) for name, start in cold.items()]
    return table(("first request", "import CPU", "request CPU", "both", "wall ms", "memory MB"), rows)


def _growth_orders(figures: Document) -> str:
    rows = [
        (
            _planned(run, "orders"),
            f"{run['ordersPerSecond']}",
            _times(run, "acceptMs", "p50", "p99"),
            _times(run, "endToEndMs", "p50", "p99"),
            _cpu_per_order(run),
            _counts(run),
        )
        for run in _list(figures, "growthOrders")
    ]
    names = ("orders at once", "orders/s", "POST p50 / p99 ms", "told p50 / p99 ms", "CPU ms an order", _LOST)
    return table(names, rows)


def _growth_watchers(figures: Document) -> str:
    rows = [
        (
            _planned(run, "watchers"),
            _planned(run, "orders"),
            f"{float(str(run['framesReceived'])) / float(str(run['seconds'])):.0f}",
            _times(run, "endToEndMs", "p50", "p99"),
            _counts(run),
        )
        for run in _list(figures, "growthWatchers")
    ]
    return table(("watchers", "orders", "frames/s", "told p50 / p99 ms", _LOST), rows)


def _growth_history(figures: Document) -> str:
    rows = [
        (
            f"{int(str(run['rows'])):,}",
            _times(run, "newestMs", "p50", "p99"),
            _times(run, "ofStatusMs", "p50", "p99"),
        )
        for run in _list(figures, "growthHistory")
    ]
    return table(("orders stored", "newest 20, p50 / p99 ms", "of one status, p50 / p99 ms"), rows)


def _states(figures: Document) -> str:
    runs = ("idle", "defaultIdle", "burst")
    states = [cast("dict[str, dict[str, float]]", _of(figures, run)["stateMs"]) for run in runs]
    rows = [(name, *(f"{of[name]['p50']:g}" for of in states)) for name in states[0]]
    return table(("told, p50 ms", "idle", "idle, default latencies", "burst"), rows)


_LOST = "missing, twice, disordered"


def _of(figures: Document, name: str) -> Document:
    return cast(Document, figures[name])


def _list(figures: Document, name: str) -> Sequence[Document]:
    return cast("Sequence[Document]", figures[name])


def _planned(run: Document, name: str) -> str:
    return f"{int(str(cast(Document, run['plan'])[name])):,}"


def _times(run: Document, name: str, *percentiles: str) -> str:
    found = cast("Mapping[str, float | None]", run[name])
    return " / ".join("–" if found[one] is None else f"{found[one]:g}" for one in percentiles)


def _counts(run: Document) -> str:
    return ", ".join(str(run[name]) for name in _EVENTS)


def _cpu_per_order(run: Document) -> str:
    spent = sum(cast("dict[str, float]", run["cpuSeconds"]).values())
    return f"{spent * 1000 / (int(str(run['ordersConfirmed'])) or 1):.1f}"
