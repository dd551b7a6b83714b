"""The model's answers as tables: title, names of the columns, rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from infra.client.api import Document
from infra.lab.model.queueing import BUSY

Table = tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]


def tables(document: Document) -> Iterator[Table]:
    """Yield all of them."""
    yield from of_speed(document)
    yield from of_cost(document)


def of_speed(document: Document) -> Iterator[Table]:
    """Yield how long orders take, and how many of them fit."""
    latencies = (("POST answered", "postMs"), ("client notified", "confirmedMs"))
    spreads = [(name, *_numbers(document[key])) for name, key in latencies]
    yield "From the request, ms", ("", "p50", "p90", "p99"), spreads
    path = [
        (str(part["what"]), f"{part['meanMs']:g}", f"{float(str(part['share'])):.1%}")
        for part in _rows(document, "criticalPath")
    ]
    yield "Critical path", ("what", "mean ms", "share"), path
    capacities = [
        (
            f"{row['concurrency']}",
            f"{row['ordersPerSecond']:g}",
            *_numbers(row["confirmedMs"]),
            f"{row['minutesToGrow']:g} min",
        )
        for row in _rows(document, "capacity")
    ]
    title = f"Executors, a full queue; latencies at {BUSY:.0%} of that"
    yield title, ("at once", "orders/s", "p50 ms", "p99 ms", "grows in"), capacities
    reached = [
        (str(limit["name"]), f"{limit['ordersPerSecond']:g}", str(limit["why"]))
        for limit in _rows(document, "limits")
    ]
    yield "Which limit is met first", ("limit", "orders/s", ""), reached


def of_cost(document: Document) -> Iterator[Table]:
    """Yield what is billed, and what could be chosen otherwise."""
    costs = _dearest_first(document["usdPerMillionOrders"])
    total = ("together", f"{document['usdPerMillionOrdersTotal']:.2f}")
    yield "US dollars for a million orders, without storage", ("service", "USD"), [*costs, total]
    yield _months(_rows(document, "usdAMonth"))
    options = [(name, f"{float(usd):+.2f}") for name, usd in _dearest_first(document["usdOfOptions"])]
    yield "What other choices would add to that last month", ("parameter", "USD"), options
    memories = [
        (
            f"{row['memoryMb']}{' (ours)' if row['isOurs'] else ''}",
            *_numbers(row["confirmedMs"]),
            f"{row['coldStartMs']:g}",
            f"{row['lambdaUsdPerMillion']:.2f}",
        )
        for row in _rows(document, "executorMemory")
    ]
    columns = ("MB", "notified p50 ms", "p90 ms", "p99 ms", "cold start ms", "Lambda USD a million")
    yield "The executor's memory", columns, memories
    contended = [
        (
            f"{row['simultaneous']}",
            str(row["policy"]),
            f"{float(str(row['busyShare'])):.1%}",
            *_numbers(row["addedMs"]),
            f"{row['tries']:g}",
        )
        for row in _rows(document, "conflicts")
    ]
    columns = ("at once", "a refused one is tried again", "store is busy", "added p50 ms", "p99 ms", "tries")
    yield "Simultaneous orders of one client, which change one row", columns, contended


def _months(months: list[Document]) -> Table:
    bills = [cast("dict[str, float]", month["usd"]) for month in months]
    services = sorted(set().union(*bills), key=lambda name: -bills[-1].get(name, 0))
    rows = [(name, *(f"{bill.get(name, 0):.2f}" for bill in bills)) for name in services]
    totals = [("together", "usdTotal"), ("together, with what an account has free", "usdTotalAlone")]
    sums = [(name, *(f"{month[key]:.2f}" for month in months)) for name, key in totals]
    names = [
        f"{month['orders']:,} orders, month {month['month']}" if month["orders"] else "no orders"
        for month in months
    ]
    return "US dollars a month", ("service", *names), [*rows, *sums]


def _dearest_first(bill: object) -> list[tuple[str, str]]:
    found = cast("dict[str, float]", bill)
    return [(name, f"{usd:.2f}") for name, usd in sorted(found.items(), key=lambda item: -item[1])]


def _rows(document: Document, key: str) -> list[Document]:
    return cast("list[Document]", document[key])


def _numbers(found: object) -> tuple[str, ...]:
    return tuple(f"{value:g}" for value in cast("dict[str, float]", found).values())
