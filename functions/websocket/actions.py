"""The actions of the WebSocket API: one frame in, one frame out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from dexec.api import frames
from dexec.api.amendments import AmendFrame, CancelFrame
from dexec.api.inputs import (
    ExecuteFrame,
    Frame,
    PingFrame,
    SubscribeFrame,
    UnsubscribeFrame,
    frame_id,
    parse_frame,
)
from dexec.api.problems import Malformed
from dexec.bootstrap import container
from dexec.domain.errors import ConnectionUnknown, DexecError
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import Connection
from dexec.telemetry import count_accepted, count_unexpected, log_failure, make_logger, make_metrics
from dexec.usecases.place_order import Submission
from dexec.usecases.watch_orders import KNOWN_S

logger = make_logger("websocket")
metrics = make_metrics("websocket")

Reply = Mapping[str, object]


def receive(event: dict[str, Any], connection_id: str) -> None:
    """Take one frame and answer with one: what a handler returns, AWS sends to no client."""
    text = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            raise Malformed("binary frames are not understood; send JSON text")
        answer = _obey(*_admitted(connection_id, text))
    except DexecError as error:
        refuse(connection_id, error, frame_id(text))
        return
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        answer = frames.refusal(frame_id(text), DexecError("unexpected"))
    container().watch_orders.reply(connection_id, frames.encode(answer))


def refuse(
    connection_id: str,
    error: DexecError,
    answering: frames.FrameId = None,
    pauses_s: Sequence[float] = (),
) -> None:
    """Say why not; a connection that is not stored is closed as well, so that its client comes back.

    ``pauses_s`` are those between tries while the connection is still opening.
    """
    log_failure(logger, metrics, error)
    frame = frames.encode(frames.refusal(answering, error))
    watch_orders = container().watch_orders
    if isinstance(error, ConnectionUnknown):
        watch_orders.turn_away(connection_id, frame)
    else:
        watch_orders.reply(connection_id, frame, pauses_s)


def _admitted(connection_id: str, text: str) -> tuple[Frame, Connection]:
    """Return a frame and its connection, if its key still holds: a revoked one is refused here, too.

    All frames but those that place an order, which are scheduled, count as reads of their key.
    """
    parts = container()
    frame = _read(text)
    # A pong says that events will be sent, so it is not given from memory; what the others do is checked.
    max_age_s = 0 if isinstance(frame, PingFrame) else KNOWN_S
    connection = parts.watch_orders.connection(connection_id, max_age_s)
    caller = parts.authenticate.by_hash(connection.key_hash)
    if not isinstance(frame, ExecuteFrame):
        parts.limit_reads(caller)
    if isinstance(frame, DexecError):
        raise frame
    return frame, connection


def _read(text: str) -> Frame | DexecError:
    try:
        return parse_frame(text)
    except DexecError as error:
        return error


def _obey(frame: Frame, connection: Connection) -> Reply:
    match frame:
        case PingFrame():
            return frames.pong(frame.id)
        case ExecuteFrame():
            return frames.accepted(frame.id, _execute(frame, connection))
        case CancelFrame():
            logger.append_keys(order_id=frame.order_id)
            container().cancel_orders.one(frame.order_id, connection.client_id)
        case AmendFrame():
            _amend(frame, connection)
        case SubscribeFrame():
            _subscribe(frame, connection)
        case UnsubscribeFrame():
            logger.append_keys(order_id=frame.order_id)
            container().watch_orders.unsubscribe(frame.order_id, connection.connection_id)
    return frames.ack(frame.id, frame.order_id)


def _amend(frame: AmendFrame, connection: Connection) -> None:
    logger.append_keys(order_id=frame.order_id)
    parts = container()
    caller = parts.authenticate.by_hash(connection.key_hash)
    parts.amend_order(frame.order_id, caller, frame.seq, frame.wanted())


def _subscribe(frame: SubscribeFrame, connection: Connection) -> None:
    logger.append_keys(order_id=frame.order_id)
    watch_orders = container().watch_orders
    watch_orders.subscribe(frame.order_id, connection.client_id, connection.connection_id, frame.after_seq)


def _execute(frame: ExecuteFrame, connection: Connection) -> Order:
    parts, body = container(), frame.order
    caller = parts.authenticate.by_hash(connection.key_hash)
    submission = Submission(
        body.to_request(parts.settings.default_slippage_bps),
        body.label(),
        frame.idempotency_key,
        connection.connection_id,
        body.to_terms(),
        body.to_exits(),
        body.to_expiry(),
    )
    placed = parts.place_order(submission, caller)
    order = placed.order
    count_accepted(logger, metrics, order)
    if not placed.is_new:
        # A repeat joins an order that may be far along.
        parts.watch_orders.subscribe(order.id, caller.client_id, connection.connection_id, 0)
    elif order.run_at > order.created_at or order.status is Status.OPEN:
        # One that starts later shows what it waits for. It is stored and watched: an error would deny that.
        with suppress(DexecError):
            parts.watch_orders.subscribe(order.id, caller.client_id, connection.connection_id, 0)
    return order
