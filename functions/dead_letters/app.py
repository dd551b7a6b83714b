"""Lambda function of the dead-letter queue: settles each order; what it cannot settle stays there."""

from __future__ import annotations

from dexec.batches import Message, NotDone, batch_handler
from dexec.bootstrap import container
from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.telemetry import count_run, make_logger, make_metrics
from dexec.usecases.settle_dead_letter import Letter

logger = make_logger("dead_letters")
metrics = make_metrics("dead_letters")


def settle(message: Message) -> None:
    """Settle one letter; raise ``NotDone`` when it has to stay."""
    parts = container()
    ends_at = parts.clock.now() + message.remaining
    try:
        letter = parts.settle_dead_letter(message.order_id, ends_at, lambda run: count_run(metrics, run))
    except (Unavailable, OutcomeUnknown) as exc:
        logger.exception("dead letter not settled")
        raise NotDone from exc
    logger.warning("dead letter", fate=letter.name.lower())
    if letter is Letter.KEPT:
        raise NotDone(letter.name)


handler = batch_handler(logger, metrics, settle)
