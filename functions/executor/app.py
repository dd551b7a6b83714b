"""Lambda function of the order queue: executes the order of each message."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container, prepare
from dexec.domain.errors import QueueUnavailable
from dexec.telemetry import count_run, count_unexpected, decision, make_logger, make_metrics
from dexec.usecases.execute_order import Redelivery
from dexec.usecases.report import Report

logger = make_logger("executor")
metrics = make_metrics("executor")


class NotDone(Exception):
    """The message stays on the queue."""


def execute(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Execute the order of one message; raise ``NotDone`` when it is to be delivered again.

    It logs one line, in which ``routes`` are the decisions of this run.
    """
    order_id = record.json_body["orderId"]
    logger.append_keys(order_id=order_id)
    receives = int(record.attributes.approximate_receive_count or 1)
    parts = container()
    ends_at = parts.clock.now() + timedelta(milliseconds=lambda_context.get_remaining_time_in_millis())
    routes: list[dict[str, object]] = []

    def note(run: Report) -> None:
        count_run(metrics, run)
        routes.extend(decided for event in run.own_events if (decided := decision(event)) is not None)

    try:
        redelivery = parts.execute_order(order_id, receives, ends_at, note)
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        raise
    if redelivery is not None:
        _postpone(record.receipt_handle, redelivery)
        metrics.add_metric("HandedBack", MetricUnit.Count, 1)
        delay_s = round(redelivery.delay_s, 1)
        logger.info(
            "handed back", reason=redelivery.reason, delay_s=delay_s, receives=receives, routes=routes
        )
        raise NotDone(redelivery.reason)
    logger.info("done", receives=receives, routes=routes)


def _postpone(receipt: str, redelivery: Redelivery) -> None:
    try:
        container().queue.postpone(receipt, max(1, math.ceil(redelivery.delay_s)))
    except QueueUnavailable:
        # The message then comes back when its visibility ends.
        logger.warning("the message could not be postponed")


prepare("execute_order", "push", "watching")


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Execute a batch; failed messages are reported, so that only these are redelivered."""
    logger.clear_state()
    failures = []
    for record in event["Records"]:
        try:
            execute(SQSRecord(record), context)
        except Exception:
            # Whatever it was, the message stays on the queue.
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
