"""Lambda function run once a minute: re-queues lost orders, delivers missed events, deletes old data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container
from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.telemetry import count_unexpected, make_logger, make_metrics
from dexec.usecases.measure_waiting import Measured
from dexec.usecases.steps import Steps
from dexec.usecases.sweep import LOST_AFTER_S, Swept
from dexec.usecases.sweep_webhooks import SweptWebhooks

logger = make_logger("sweeper")
metrics = make_metrics("sweeper")

NOTHING = Swept((), (), 0, 0)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep once; what fails because a back end is unavailable is left to the next minute.

    Whoever knows that all messages are lost says so with ``lostAfterSeconds`` 0; the schedule does not.
    Every step is tried; the first failure is then raised: Lambda counts it in its metric Errors, as it does
    a sweep that timed out, and SweepsFailedAlarm watches that.
    """
    parts = container()
    ends_at = parts.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    lost_after_s = float(event.get("lostAfterSeconds", LOST_AFTER_S))
    steps = Steps()
    swept = steps.run(lambda: parts.sweep(ends_at, lost_after_s), NOTHING)
    webhooks = steps.run(lambda: parts.sweep_webhooks(ends_at), SweptWebhooks())
    forgotten = steps.run(lambda: parts.forget(ends_at), 0)
    measured = steps.run(parts.measure_waiting, Measured())
    try:
        steps.end()
    except (Unavailable, OutcomeUnknown) as exc:
        also = getattr(exc, "__notes__", [])
        logger.error("a step of the sweep failed", reason=str(exc), also=also, forgotten=forgotten)
        raise
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        raise
    for order_id in swept.requeued:
        logger.warning("order re-queued", order_id=order_id)
    for order_id in swept.delivered:
        logger.warning("events delivered late", order_id=order_id)
    _count("OrdersRequeued", len(swept.requeued))
    _count("OrdersNotifiedLate", len(swept.delivered))
    _count("ParkedOrders", swept.parked)
    _count("DisabledWebhooks", webhooks.disabled)
    _count("OrdersWaiting", measured.waiting)
    if measured.tick_age is not None:
        metrics.add_metric("TickAge", MetricUnit.Seconds, round(measured.tick_age.total_seconds(), 1))
    answer = {
        "requeued": len(swept.requeued),
        "deliveredLate": len(swept.delivered),
        "droppedConnections": swept.dropped_connections,
        "forgotten": forgotten,
        "parked": swept.parked,
        "webhooksRequeued": webhooks.queued,
    }
    logger.info("swept", extra=answer)
    return answer


def _count(name: str, number: int) -> None:
    """Count what there was, never zero: a metric costs for each hour in which it has a value."""
    if number:
        metrics.add_metric(name, MetricUnit.Count, number)
