"""A month's bill: what costs without an order, what orders add, what is stored the longer it runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from infra.lab.model.assumptions import Assumptions
from infra.lab.model.costs import units_of_an_order, usage_of
from infra.lab.model.metering import Meter
from infra.lab.model.run import Sample, mean_used
from infra.lab.model.stack import Stack

DAYS_OF_MONTH = 365 / 12
_GB = 1e9
_GIB = 1024**3
Units = dict[str, float]


class Month(NamedTuple):
    """What is billed: so many orders, in the n-th month since the first one, counted from 1."""

    orders: int
    number: int = 1


def units_of_a_month(
    samples: Sequence[Sample], watchers: int, month: Month, stack: Stack, assumed: Assumptions
) -> Units:
    """Return how many units of each priced thing a month takes."""
    units: dict[str, float] = defaultdict(float, idle_units(stack, assumed))
    if month.orders:
        for name, count in units_of_an_order(samples, watchers, stack, assumed).items():
            units[name] += count * month.orders
        # While nothing is counted, no custom metric has a value, and none is billed.
        units["customMetric"] += stack.custom_metrics
        stored = stored_gib(samples, month, stack)
        units["dsqlGbMonth"] += stored.orders
        units["ledgerGbMonth"] += stored.ledger
        if 0 < stack.retention_days / DAYS_OF_MONTH < month.number:
            units["dpu"] += month.orders * mean_used(samples)["microDpuToForget"] / 1e6
    kept_months = stack.log_retention_days / DAYS_OF_MONTH
    units["logStoredGbMonth"] = units["logGb"] * usage_of(assumed)["logCompression"] * kept_months
    return dict(units)


def idle_units(stack: Stack, assumed: Assumptions) -> Units:
    """Return what a month takes in which no order comes."""
    usage = usage_of(assumed)
    hours = usage["hoursOfMonth"]
    sweeps, watches = stack.sweeps_an_hour * hours, stack.watches_an_hour * hours
    polls = stack.polled_queues * usage["pollersOfMapping"] * hours * 3600 / usage["pollSeconds"]
    return {
        "alarmMetric": stack.alarm_metrics,
        "dashboard": stack.dashboards,
        "secretMonth": stack.secrets,
        "schedule": sweeps + watches,
        "lambdaRequest": sweeps + watches,
        # Where nothing waits, the trigger function looks whether something does, and ends.
        "lambdaGbSecond": sweeps * usage["sweepMs"] / 1000 * stack.sweeper_mb / 1024
        + watches * usage["watchMs"] / 1000 * stack.trigger_mb / 1024,
        "dpu": (sweeps * usage["sweepReads"] + watches * usage["watchReads"]) * Meter(assumed).dpu(()),
        # A sweep asks whether the queue is empty.
        "sqsRequest": polls + sweeps,
        "logGb": (sweeps + watches) * usage["sweepLoggedBytes"] / _GB,
    }


class Stored(NamedTuple):
    """GiB of orders with their events, and of the paper ledger."""

    orders: float
    ledger: float


def stored_gib(samples: Sequence[Sample], month: Month, stack: Stack) -> Stored:
    """Return what the store holds in the middle of a month, orders having come evenly since the first.

    Orders go after the retention; the paper ledger stands for a chain, and keeps its entries.
    """
    age = month.number - 0.5
    kept = min(age, stack.retention_days / DAYS_OF_MONTH) if stack.retention_days else age
    used = mean_used(samples)
    a_month = month.orders / _GIB
    return Stored(kept * a_month * used["storedBytes"], age * a_month * used["ledgerBytes"])
