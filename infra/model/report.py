"""The model's answers as a document, and as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import cast

from infra.client.api import Document
from infra.model.assumptions import Assumptions
from infra.model.costs import limits, mean_used, minutes_to_grow, usd_of_a_million
from infra.model.queueing import BUSY, at, capacity
from infra.model.run import Sample, Scenario, sample

CONCURRENCIES = (10, 100, 1000)


def model(scenario: Scenario, orders: int, concurrency: int, assumed: Assumptions) -> Document:
    """Run the model and return its answers, JSON-ready; the same arguments give the same answers."""
    samples = [sample(scenario, assumed, number) for number in range(orders)]
    bill = usd_of_a_million(samples, scenario.watchers, assumed)
    return {
        "scenario": {
            "latency": scenario.latency,
            "watchers": scenario.watchers,
            "seed": scenario.seed,
            "orders": orders,
            "region": assumed.region,
        },
        "postMs": _spread([one.answered_s for one in samples]),
        "confirmedMs": _spread([one.told_s for one in samples]),
        "criticalPath": [*_critical_path(samples)],
        "capacity": [_capacity(samples, size, scenario.seed, assumed) for size in CONCURRENCIES],
        "usdPerMillionOrders": {name: round(usd, 2) for name, usd in bill.items()},
        "usdPerMillionOrdersTotal": round(sum(bill.values()), 2),
        "usedPerOrder": {name: round(value, 2) for name, value in mean_used(samples).items()},
        "limits": [
            {"name": limit.name, "ordersPerSecond": round(limit.orders_per_second, 1), "why": limit.text}
            for limit in limits(samples, concurrency, assumed)
        ],
    }


def _spread(seconds: Sequence[float]) -> Document:
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {name: round(at(ordered, share) * 1000, 1) for name, share in shares.items()}


def _critical_path(samples: Sequence[Sample]) -> Sequence[Document]:
    """Return what stands on the way to the client, in order, with the mean time it takes."""
    spent: dict[str, float] = defaultdict(float)
    for one in samples:
        for span in one.spans:
            spent[span.name] += span.seconds / len(samples)
    total = sum(spent.values())
    return [
        {"what": name, "meanMs": round(seconds * 1000, 2), "share": round(seconds / total, 4)}
        for name, seconds in spent.items()
    ]


def _capacity(samples: Sequence[Sample], size: int, seed: int, assumed: Assumptions) -> Document:
    found = capacity(samples, size, seed)
    return {
        "concurrency": size,
        "ordersPerSecond": round(found.orders_per_second, 1),
        "confirmedMs": {"p50": round(found.p50_s * 1000, 1), "p99": round(found.p99_s * 1000, 1)},
        "confirmedMsAtLoad": BUSY,
        "minutesToGrow": round(minutes_to_grow(size, assumed), 1),
    }


def tables(document: Document) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield title, column names and rows of each table of the answers."""
    latencies = (("POST answered", "postMs"), ("told confirmed", "confirmedMs"))
    spreads = [(name, *_numbers(document[key])) for name, key in latencies]
    yield "From the request, ms", ("", "p50", "p90", "p99"), spreads
    yield "Critical path", ("what", "mean ms", "share"), [
        (str(part["what"]), f"{part['meanMs']:g}", f"{float(str(part['share'])):.1%}")
        for part in cast("list[Document]", document["criticalPath"])
    ]
    title = f"Executors, a full queue; latencies at {BUSY:.0%} of that"
    yield title, ("at once", "orders/s", "p50 ms", "p99 ms", "grows in"), [
        (
            f"{row['concurrency']}",
            f"{row['ordersPerSecond']:g}",
            *_numbers(row["confirmedMs"]),
            f"{row['minutesToGrow']:g} min",
        )
        for row in cast("list[Document]", document["capacity"])
    ]
    bill = cast("dict[str, float]", document["usdPerMillionOrders"])
    costs = [(name, f"{usd:.2f}") for name, usd in sorted(bill.items(), key=lambda item: -item[1])]
    total = ("together", f"{document['usdPerMillionOrdersTotal']:.2f}")
    yield "US dollars for a million orders", ("service", "USD"), [*costs, total]
    yield "Which limit is met first", ("limit", "orders/s", ""), [
        (str(limit["name"]), f"{limit['ordersPerSecond']:g}", str(limit["why"]))
        for limit in cast("list[Document]", document["limits"])
    ]


def _numbers(found: object) -> tuple[str, ...]:
    return tuple(f"{value:g}" for value in cast("dict[str, float]", found).values())
