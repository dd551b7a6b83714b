"""Lambda function behind the webhook queue: sends to the endpoint of each message what is due to it."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from dexec.batches import Message, NotDone, batch_handler
from dexec.bootstrap import container, prepare
from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.ports import Hint
from dexec.telemetry import make_logger, make_metrics

logger = make_logger("webhooks")
metrics = make_metrics("webhooks")


def send(message: Message) -> None:
    """Send what is due; raise ``NotDone`` when the message has to be delivered again."""
    parts = container()
    hint = Hint(message.body["hookId"], message.order_id, message.body["clientId"])
    logger.append_keys(hook_id=hint.hook_id)
    ends_at = parts.clock.now() + message.remaining
    try:
        sent = parts.deliver_webhooks(hint, ends_at)
    except (Unavailable, OutcomeUnknown) as exc:
        logger.exception("webhook not sent")
        raise NotDone from exc
    if sent.delivered:
        metrics.add_metric("WebhooksDelivered", MetricUnit.Count, sent.delivered)
    if sent.failed:
        metrics.add_metric("WebhooksFailed", MetricUnit.Count, sent.failed)
    if sent.disabled:
        logger.warning("webhook disabled")
    logger.info("sent", delivered=sent.delivered, failed=sent.failed, receives=message.receives)


prepare("deliver_webhooks")
handler = batch_handler(logger, metrics, send)
