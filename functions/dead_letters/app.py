"""Lambda function of the dead-letter queue: settles each order; what it cannot settle stays there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container
from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.telemetry import count_run, count_unexpected, make_logger, make_metrics
from dexec.usecases.settle_dead_letter import Letter

logger = make_logger("dead_letters")
metrics = make_metrics("dead_letters")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


class NotSettled(Exception):
    """The message stays in the dead-letter queue."""


def settle(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Settle one dead letter; raise ``NotSettled`` if it has to stay."""
    order_id = record.json_body["orderId"]
    logger.append_keys(order_id=order_id)
    parts = container()
    ends_at = parts.clock.now() + timedelta(milliseconds=lambda_context.get_remaining_time_in_millis())
    try:
        letter = parts.settle_dead_letter(order_id, ends_at, lambda run: count_run(metrics, run))
    except (Unavailable, OutcomeUnknown):
        logger.exception("dead letter not settled")
        raise
    except Exception:
        count_unexpected(logger, metrics, "dead letter not settled: unexpected error")
        raise
    logger.warning("dead letter", fate=letter.name.lower())
    if letter is Letter.KEPT:
        raise NotSettled(order_id)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Settle a batch of dead letters."""
    logger.clear_state()
    return process_partial_response(event, settle, processor, context)
