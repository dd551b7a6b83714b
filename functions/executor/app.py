"""Lambda function of the order queue: executes the order of each message."""

from __future__ import annotations

import math

from aws_lambda_powertools.metrics import MetricUnit

from dexec.batches import Message, NotDone, batch_handler
from dexec.bootstrap import container, prepare
from dexec.domain.errors import QueueUnavailable
from dexec.telemetry import count_run, decision, make_logger, make_metrics
from dexec.usecases.redelivery import Redelivery
from dexec.usecases.report import Report

logger = make_logger("executor")
metrics = make_metrics("executor")


def execute(message: Message) -> None:
    """Execute the order of one message; raise ``NotDone`` when it is to be delivered again.

    It logs one line, in which ``routes`` are the decisions of this run.
    """
    parts = container()
    ends_at = parts.clock.now() + message.remaining
    routes: list[dict[str, object]] = []

    def note(run: Report) -> None:
        count_run(metrics, run)
        routes.extend(decided for event in run.own_events if (decided := decision(event)) is not None)

    redelivery = parts.execute_order(message.order_id, message.receives, ends_at, note)
    if redelivery is None:
        logger.info("done", receives=message.receives, routes=routes)
        return
    _postpone(message.receipt, redelivery)
    metrics.add_metric("Redelivered", MetricUnit.Count, 1)
    delay_s = round(redelivery.delay_s, 1)
    logger.info(
        "to be redelivered",
        reason=redelivery.reason,
        delay_s=delay_s,
        receives=message.receives,
        routes=routes,
    )
    raise NotDone(redelivery.reason)


def _postpone(receipt: str, redelivery: Redelivery) -> None:
    try:
        container().queue.postpone(receipt, max(1, math.ceil(redelivery.delay_s)))
    except QueueUnavailable:
        # The message then comes back when its visibility ends.
        logger.warning("the message could not be postponed")


prepare("execute_order", "push", "watching")
handler = batch_handler(logger, metrics, execute)
