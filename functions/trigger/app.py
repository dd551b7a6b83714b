"""Lambda function that ticks the market while orders wait, and triggers what is due."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container, prepare
from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.telemetry import count_unexpected, make_logger, make_metrics
from dexec.usecases.watch_market import Watched

logger = make_logger("trigger")
metrics = make_metrics("trigger")

PATIENCE_S = 10
"""How long the schedule's function knocks at the one that ticks: it takes over from it every minute."""


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Tick one shard: the first, of which the schedule starts the function, or the one that an event names.

    The schedule's starts a function for each other shard. Lambda stops none of them before its time is over:
    each ends when nothing waits, when another takes over, or some seconds before its time-out.
    """
    parts = container()
    ends_at = parts.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    is_scheduled = "shard" not in event or bool(event.get("scheduled"))
    shard = int(event.get("shard", 0))
    if is_scheduled and shard + 1 < parts.settings.trigger_shards:
        with suppress(Unavailable):
            parts.starter.start(shard + 1, scheduled=True)
    try:
        watched = parts.watch_market(shard, ends_at, PATIENCE_S if is_scheduled else 0)
    except (Unavailable, OutcomeUnknown) as exc:
        logger.error("the market is not watched", shard=shard, reason=str(exc))
        raise
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        raise
    return _report(watched)


def _report(watched: Watched) -> dict[str, int]:
    """Log one line, and count what there was."""
    answer = {name: number for name, number in sorted(watched.counts.items()) if number}
    counts = watched.counts
    ticks, triggered, expired, resent = map(counts.__getitem__, ("ticks", "triggered", "expired", "resent"))
    _count("Ticks", ticks)
    _count("OrdersTriggered", triggered)
    _count("OrdersExpired", expired)
    _count("OrdersSentAgain", resent)
    if ticks:
        longest_ms = round(watched.longest_tick.total_seconds() * 1000, 1)
        metrics.add_metric("TickTime", MetricUnit.Milliseconds, longest_ms)
    for error in watched.errors[:3]:
        logger.warning("a tick failed", error=type(error).__name__, reason=str(error))
    logger.info("watched", extra={"shard": watched.shard, "failedTicks": len(watched.errors), **answer})
    return answer


def _count(name: str, number: int) -> None:
    """Count what there was, never zero: a metric costs for each hour in which it has a value."""
    if number:
        metrics.add_metric(name, MetricUnit.Count, number)


prepare("watch_market")
