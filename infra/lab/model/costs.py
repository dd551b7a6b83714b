"""Cost of orders, and the quota that is reached first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.lab.model.assumptions import Assumptions
from infra.lab.model.run import Sample, mean_used
from infra.lab.model.stack import Stack

MILLION = 1_000_000
Bill = dict[str, float]
_GB = 1e9
_FRAME_UNIT = 32 * 1024


def usd_of_a_million(samples: Sequence[Sample], watchers: int, stack: Stack, assumed: Assumptions) -> Bill:
    """Return US dollars for a million orders by service, without storage and what costs by the month."""
    units = units_of_an_order(samples, watchers, stack, assumed)
    return usd({name: count * MILLION for name, count in units.items()}, assumed)


def usd(units: Mapping[str, float], assumed: Assumptions, *, is_alone: bool = False) -> Bill:
    """Return US dollars by service; alone in its account, a deployment has all that AWS gives for nothing."""
    bill: dict[str, float] = defaultdict(float)
    for name, count in units.items():
        price = assumed.prices[name]
        paid = max(0.0, count - price.free) if is_alone else count
        bill[price.service] += paid * price.usd / price.per
    return {service: cost for service, cost in bill.items() if cost}


def units_of_an_order(
    samples: Sequence[Sample], watchers: int, stack: Stack, assumed: Assumptions
) -> dict[str, float]:
    """Return how many units of each priced thing an order takes, on average."""
    used = mean_used(samples)
    usage = usage_of(assumed)
    memory = {name: memory_mb / 1024 for name, memory_mb in stack.memory_mb.items()}
    accept_s = sum(sample.accept_s for sample in samples) / len(samples)
    execute_s = sum(sample.execute_s for sample in samples) / len(samples)
    # A frame counts once for each 32 KB begun; ours are far smaller.
    messages = used["frames"] * -(-used["frameBytes"] // max(1, used["frames"]) // _FRAME_UNIT)
    return {
        "httpRequest": used["httpRequests"],
        "webSocketMessage": messages,
        "connectionMinute": usage["connectionMinutes"] * watchers,
        "lambdaRequest": used["lambdaRequests"],
        "lambdaGbSecond": accept_s * memory["accept"] + execute_s * memory["execute"],
        "sqsRequest": used["sqsRequests"],
        "dpu": used["microDpu"] / MILLION,
        "logGb": usage["loggedBytes"] / _GB,
        "transferGb": (used["frameBytes"] + usage["answerBytes"]) / _GB,
        "trace": used["lambdaRequests"] * usage["tracedShare"] if stack.is_traced else 0,
    }


def usage_of(assumed: Assumptions) -> dict[str, float]:
    """Return the assumptions about use, by name."""
    return {name: assumption.value for name, assumption in assumed.usage.items()}


class Limit(NamedTuple):
    """A limit, and the orders a second at which it is met."""

    name: str
    orders_per_second: float
    text: str


def limits(samples: Sequence[Sample], concurrency: int, assumed: Assumptions) -> list[Limit]:
    """Return the limits in the order in which a growing load meets them."""
    quotas = {name: quota.limit for name, quota in assumed.quotas.items()}
    used = mean_used(samples)
    accept_s = sum(sample.accept_s for sample in samples) / len(samples)
    execute_s = sum(sample.execute_s for sample in samples) / len(samples)
    calls = used["httpRequests"] + used["frames"]
    found = [
        Limit("MaxConcurrency", concurrency / execute_s, f"{concurrency} executors, a parameter of ours"),
        Limit("ApiRateLimit", quotas["apiRate"] / used["httpRequests"], "a parameter of ours"),
        Limit(
            "Lambda mapping",
            quotas["mappingConcurrency"] / execute_s,
            "the most that MaxConcurrency can be set to",
        ),
        Limit(
            "Lambda concurrency",
            quotas["lambdaConcurrency"] / (accept_s + execute_s),
            "environments of the account, both functions together",
        ),
        Limit(
            "API Gateway requests",
            quotas["gatewayRequests"] / calls,
            f"{calls:.1f} requests and pushes an order",
        ),
        Limit("WebSocket connections", quotas["newConnections"], "if every order opens a socket of its own"),
    ]
    return sorted(found, key=lambda limit: limit.orders_per_second)


def minutes_to_grow(concurrency: int, assumed: Assumptions) -> float:
    """Return how long the mapping takes from 5 executors to ``concurrency``, with a full queue."""
    return max(0.0, (concurrency - 5) / assumed.quotas["mappingRampPerMinute"].limit)
