"""The model's answers as tables: title, names of the columns, rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from dexec_client.raw.json_types import Document
from infra.json_types import Json
from infra.lab.model.queueing import BUSY

Table = tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]


def tables(document: Document) -> Iterator[Table]:
    """Yield all of them."""
    yield from of_speed(document)
    yield from of_cost(document)


def of_speed(document: Document) -> Iterator[Table]:
    """Yield how long orders take, and how many of them fit."""
    latencies = {"POST answered": document["postMs"], "client notified": document["confirmedMs"]}
    yield _table("From the request, ms", [{"": name, **_dict(found)} for name, found in latencies.items()])
    yield _table("Critical path", document["criticalPath"])
    yield _table(f"Executors, a full queue; latencies at {BUSY:.0%} of that", document["capacity"])
    yield _table("Which limit is met first", document["limits"])


def of_cost(document: Document) -> Iterator[Table]:
    """Yield what is billed."""
    costs = {**_dict(document["usdPerMillionOrders"]), "together": document["usdPerMillionOrdersTotal"]}
    yield "US dollars for a million orders, without storage", ("service", "USD"), _dollars(costs)
    yield _months(cast("list[Document]", document["usdAMonth"]))


def _months(months: list[Document]) -> Table:
    bills = [{**_dict(month["usd"]), "together": month["usdTotal"]} for month in months]
    for bill, month in zip(bills, months, strict=True):
        bill["together, with what an account has free"] = month["usdTotalAlone"]
    services = [name for name, _ in _dollars(bills[-1])]
    rows = [(name, *(f"{bill.get(name, 0):.2f}" for bill in bills)) for name in services]
    names = [f"{month['orders']:,} orders, month {month['month']}" for month in months]
    return "US dollars a month", ("service", *names), rows


def _table(title: str, rows: Json) -> Table:
    """Return rows as they are, their fields in words; each field of an object in them has its own column."""
    flat = [dict(_flat(row)) for row in cast("list[Document]", rows)]
    return title, tuple(flat[0]), [tuple(map(_cell, row.values())) for row in flat]


def _cell(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flat(row: Document) -> Iterator[tuple[str, Json]]:
    for name, value in row.items():
        words = re.sub("([A-Z])", r" \1", name).lower()
        if isinstance(value, dict):
            yield from ((f"{words} {inner}", one) for inner, one in value.items())
        else:
            yield words, value


def _dollars(bill: Document) -> list[tuple[str, str]]:
    """Return the dearest first, sums last."""
    found = cast("dict[str, float]", bill)
    ordered = sorted(found.items(), key=lambda item: (item[0].startswith("together"), -item[1]))
    return [(name, f"{usd:.2f}") for name, usd in ordered]


def _dict(value: Json) -> Document:
    return cast(Document, value)
