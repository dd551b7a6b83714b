"""SQS batch handler with partial batch responses: a batch of messages in, the failed ones out.

Powertools' own processor does the same, and imports a parser of 20 modules for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.telemetry import count_unexpected

Failures = dict[str, list[dict[str, str]]]
Handler = Callable[[dict[str, Any], LambdaContext], Failures]


class NotDone(Exception):
    """The message stays on its queue, and is delivered again; why is logged already."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message about one order.

    ``body`` is all that it says, ``receipt`` names this delivery of it, ``receives`` counts its deliveries,
    and ``remaining`` is how long the function may still run.
    """

    order_id: str
    body: Mapping[str, str]
    receipt: str
    receives: int
    remaining: timedelta


def batch_handler(logger: Logger, metrics: Metrics, handle: Callable[[Message], None]) -> Handler:
    """Return the handler that gives ``handle`` each message of a batch; what it raises keeps the message.

    ``NotDone`` is expected; any other error is logged with its traceback, and counted.
    """

    def take(record: SQSRecord, lambda_context: LambdaContext) -> None:
        message = _message(record, lambda_context)
        logger.append_keys(order_id=message.order_id)
        try:
            handle(message)
        except NotDone:
            raise
        except Exception:
            count_unexpected(logger, metrics, "unexpected error")
            raise

    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> Failures:
        logger.clear_state()
        failures = []
        for record in event["Records"]:
            try:
                take(SQSRecord(record), context)
            except Exception:
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    return handler


def _message(record: SQSRecord, context: LambdaContext) -> Message:
    return Message(
        order_id=record.json_body["orderId"],
        body=record.json_body,
        receipt=record.receipt_handle,
        receives=int(record.attributes.approximate_receive_count or 1),
        remaining=timedelta(milliseconds=context.get_remaining_time_in_millis()),
    )
