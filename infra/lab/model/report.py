"""The model's answers as a document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from dexec_client.raw.json_types import Document
from infra.lab.model.assumptions import Assumptions
from infra.lab.model.bill import Month, units_of_a_month
from infra.lab.model.costs import Bill, limits, minutes_to_grow, usd, usd_of_a_million
from infra.lab.model.queueing import BUSY, capacity
from infra.lab.model.run import Sample, Scenario, cold_cpu_s, mean_used, processor_share, sample
from infra.lab.model.stack import Stack, stack
from infra.lab.percentiles import spread

CONCURRENCIES = (10, 100, 1000)
MONTHLY = 10_000_000


def model(
    scenario: Scenario, orders: int, concurrency: int, assumed: Assumptions, monthly: int = MONTHLY
) -> Document:
    """Run the model and return its answers, JSON-ready; the same arguments give the same answers.

    ``orders`` are run through the use cases, ``monthly`` is how many a month's bill is for.
    """
    samples = [sample(scenario, assumed, number) for number in range(orders)]
    bill = usd_of_a_million(samples, scenario.watchers, stack(), assumed)
    return {
        "scenario": {
            "latency": scenario.latency,
            "watchers": scenario.watchers,
            "seed": scenario.seed,
            "orders": orders,
            "monthlyOrders": monthly,
            "region": assumed.region,
        },
        "postMs": spread(one.answered_s * 1000 for one in samples),
        "confirmedMs": spread(one.notified_s * 1000 for one in samples),
        "criticalPath": [*_critical_path(samples)],
        "capacity": [_capacity(samples, size, scenario.seed, assumed) for size in CONCURRENCIES],
        "coldStartMs": _cold_starts(stack(), assumed),
        "usdPerMillionOrders": _cents(bill),
        "usdPerMillionOrdersTotal": round(sum(bill.values()), 2),
        "usdAMonth": [*_months(samples, scenario.watchers, monthly, assumed)],
        "usedPerOrder": {name: round(value, 2) for name, value in mean_used(samples).items()},
        "limits": [
            {"name": limit.name, "ordersPerSecond": round(limit.orders_per_second, 1), "why": limit.text}
            for limit in limits(samples, concurrency, assumed)
        ],
    }


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


def _cold_starts(deployed: Stack, assumed: Assumptions) -> Document:
    environment_ms = assumed.latencies["environment"].p50_ms
    found: Document = {}
    for name, size in deployed.memory_mb.items():
        own_s = cold_cpu_s(assumed.functions[name], processor_share(size, assumed))
        found[name] = round(environment_ms + own_s * 1000)
    return found


_LATER = 12


def _months(samples: Sequence[Sample], watchers: int, monthly: int, assumed: Assumptions) -> list[Document]:
    """Return the bill of a month without orders, of the first with them, and of the twelfth."""
    found: list[Document] = []
    for month in (Month(0), Month(monthly), Month(monthly, _LATER)):
        units = units_of_a_month(samples, watchers, month, stack(), assumed)
        listed, alone = usd(units, assumed), usd(units, assumed, is_alone=True)
        found.append(
            {
                "orders": month.orders,
                "month": month.number,
                "usd": _cents(listed),
                "usdTotal": round(sum(listed.values()), 2),
                "usdTotalAlone": round(sum(alone.values()), 2),
            }
        )
    return found


def _cents(bill: Bill) -> Document:
    return {name: round(cost, 2) for name, cost in bill.items()}
