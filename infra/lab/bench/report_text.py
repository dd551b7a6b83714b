"""The report's figures in words: rows for a terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from dexec_client.raw.json_types import Document

_EVENTS = ("eventsExpected", "eventsMissing", "eventsDuplicated", "eventsOutOfOrder")


def title(report: Document) -> str:
    """Return what was run, in a line."""
    plan = cast(Document, report["plan"])
    pace = "in a burst" if plan["rate"] is None else f"at {plan['rate']:g} a second"
    told = "one socket per order" if plan["sockets"] == "one-per-order" else f"{plan['watchers']} watching"
    told += f", {plan['connections']} connections" + (", cold" if plan["cold"] else "")
    latency = f", latency {plan['latency']}" if plan["latency"] else ""
    return f"{plan['orders']} orders {pace} over {plan['over']}, {told}{latency}"


def rows(report: Document) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the figures."""
    yield "orders a second", f"{report['ordersPerSecond']}"
    yield "POST answered", _spread(report["acceptMs"])
    for state, times in cast(Document, report["stateMs"]).items():
        yield f"notified of {state}", _spread(times)
    yield "end to end", _spread(report["endToEndMs"])
    if cast(Document, report["plan"])["latency"] not in (None, "none"):
        yield "of it not simulated", _spread(report["overheadMs"])
    waiting = report["executingWhileQueued"]
    mean = "" if waiting is None else f", {waiting} on average while others were queued"
    yield "executing at once", f"{report['highestExecuting']} at the most{mean}"
    yield "orders", _orders(report)
    expected, missing, duplicated, disordered = (report[name] for name in _EVENTS)
    yield "events", f"{expected}: {missing} missing, {duplicated} twice, {disordered} out of order"
    if report["socketsRefused"]:
        yield "sockets", f"{report['socketsRefused']} refused"
    yield "CPU seconds", _by_kind(report["cpuSeconds"])
    yield "memory MB", _memory(report)
    machine = cast(Document, report["machine"])
    yield "machine", f"{machine['cores']} × {machine['processor']}, Python {machine['python']}"
    yield "commit", f"{report['commit'] or 'unknown'}, {report['at']}"


def _orders(report: Document) -> str:
    counts = {
        "confirmed": report["ordersConfirmed"],
        "failed": report["ordersFailed"],
        "refused": report["ordersRefused"],
        "executed behind an error": report["ordersBehindError"],
        "sent again after a lost answer": report["ordersRepeated"],
        "not terminal": report["ordersNotTerminal"],
        "held back by the key's rate limit": report["ordersDelayed"],
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "confirmed")


def _spread(found: object) -> str:
    times = cast(Document, found)
    if times["p50"] is None:
        return "–"
    return "   ".join(f"{name} {value:g}" for name, value in times.items()) + " ms"


def _memory(report: Document) -> str:
    kinds = _by_kind(report["memoryMb"])
    if report["deploymentMb"] is None:
        return kinds
    return f"{report['deploymentMb']:g} in {report['processes']} processes of the deployment: {kinds}"


def _by_kind(found: object) -> str:
    return ", ".join(f"{kind} {value:g}" for kind, value in cast("dict[str, float]", found).items())
