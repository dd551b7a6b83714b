"""Lambda function of the WebSocket API: connections, frames, and the replay of past events."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container, prepare
from dexec.domain.errors import (
    ConnectionUnknown,
    DexecError,
    Malformed,
    NotFound,
    OutcomeUnknown,
    Unauthenticated,
    Unavailable,
)
from dexec.domain.ids import is_order_id
from dexec.domain.views import View, iso
from dexec.ports import Connection
from dexec.schemas import (
    ExecuteFrame,
    Frame,
    PingFrame,
    SubscribeFrame,
    frame_id,
    parse_frame,
    problem,
    status_of,
)
from dexec.telemetry import count_unexpected, make_logger, make_metrics
from dexec.usecases.place_order import Submission
from dexec.usecases.watch_orders import KNOWN_S

logger = make_logger("websocket")
metrics = make_metrics("websocket")

Answer = dict[str, int]
OK: Answer = {"statusCode": 200}


def connect(event: dict[str, Any], connection_id: str) -> Answer:
    """Accept or refuse a connection."""
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    order_id = query.get("orderId")
    if order_id is not None and not is_order_id(order_id):
        raise NotFound("there is no such order")
    if order_id is not None:
        logger.append_keys(order_id=order_id)
    parts = container()
    caller = parts.authenticate(headers.get("x-api-key") or query.get("apiKey"))
    stream = query.get("stream") == "all"
    parts.watch_orders.connect(connection_id, caller, stream=stream, order_id=order_id)
    return OK


def disconnect(_: dict[str, Any], connection_id: str) -> Answer:
    """Forget a connection."""
    container().watch_orders.disconnect(connection_id)
    return OK


def receive(event: dict[str, Any], connection_id: str) -> Answer:
    """Take one frame and answer with one: on AWS a handler's return value is not sent."""
    text = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            raise Malformed("binary frames are not understood; send JSON text")
        reply = _obey(*_admitted(connection_id, text))
    except ConnectionUnknown as error:
        container().watch_orders.turn_away(connection_id, _refusal(error, text))
        return OK
    except DexecError as error:
        _log(error)
        reply = _refusal(error, text)
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        reply = _refusal(DexecError("unexpected"), text)
    container().watch_orders.reply(connection_id, reply)
    return OK


def _admitted(connection_id: str, text: str) -> tuple[Frame, Connection]:
    """Return a frame and its connection, if its key still holds: a revoked one is refused here, too.

    All frames but those that place an order, which are scheduled, count as reads of their key.
    """
    parts = container()
    frame = _read(text)
    # A pong promises events, so the connection is read anew; other frames check what they do.
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


def _obey(frame: Frame, connection: Connection) -> View:
    answering: View = {} if frame.id is None else {"id": frame.id}
    if isinstance(frame, PingFrame):
        return {"type": "pong", **answering}
    if isinstance(frame, ExecuteFrame):
        return {"type": "ack", **answering, **_execute(frame, connection)}
    watch_orders = container().watch_orders
    logger.append_keys(order_id=frame.order_id)
    if isinstance(frame, SubscribeFrame):
        watch_orders.subscribe(
            frame.order_id, connection.client_id, connection.connection_id, frame.after_seq
        )
    else:
        watch_orders.unsubscribe(frame.order_id, connection.connection_id)
    return {"type": "ack", **answering, "orderId": frame.order_id}


def _execute(frame: ExecuteFrame, connection: Connection) -> View:
    parts = container()
    caller = parts.authenticate.by_hash(connection.key_hash)
    request = frame.order.to_request(parts.settings.default_slippage_bps)
    submission = Submission(request, frame.order.client_id, frame.idempotency_key, connection.connection_id)
    placed = parts.place_order(submission, caller)
    order = placed.order
    logger.append_keys(order_id=order.id)
    metrics.add_metric("OrdersAccepted", MetricUnit.Count, 1)
    if not placed.is_new or order.run_at > order.created_at:
        # A repeat joins an order that may be far along; one that starts later shows that it is pending.
        parts.watch_orders.subscribe(order.id, caller.client_id, connection.connection_id)
    return {"orderId": order.id, "status": order.status.value, "startsAt": iso(order.run_at)}


def _refusal(error: DexecError, text: str) -> View:
    view = problem(error)
    frame: View = {"type": "error", "code": str(view["type"]).removeprefix("/problems/").replace("-", "_")}
    frame |= {"message": view["detail"], "status": view["status"]}
    frame |= {name: view[name] for name in ("errors", "orderId", "retryAfter") if name in view}
    answered = frame_id(text)
    return frame if answered is None else {**frame, "id": answered}


def replay_events(subscribe: dict[str, str]) -> Answer:
    """Subscribe a connection that has just been opened."""
    parts = container()
    connection_id = subscribe["connectionId"]
    try:
        parts.watch_orders.replay_events(subscribe["orderId"], subscribe["clientId"], connection_id)
    except ConnectionUnknown as error:
        parts.watch_orders.turn_away(connection_id, _refusal(error, ""))
    except DexecError as error:
        _log(error)
        parts.watch_orders.reply(connection_id, _refusal(error, ""))
    return OK


def _log(error: DexecError) -> None:
    if status_of(error) == 500:
        count_unexpected(logger, metrics, "unexpected error", error)
    elif status_of(error) > 500:
        cause = repr(error.__cause__)
        logger.error("request failed", error=type(error).__name__, reason=str(error), cause=cause)


ROUTES = {"CONNECT": connect, "DISCONNECT": disconnect, "MESSAGE": receive}


def _answer(event: dict[str, Any]) -> Answer:
    if "subscribe" in event:
        return replay_events(event["subscribe"])
    context = event["requestContext"]
    try:
        return ROUTES[context["eventType"]](event, context["connectionId"])
    except Unauthenticated:
        return {"statusCode": 401}
    except (Unavailable, OutcomeUnknown) as error:
        _log(error)
        return {"statusCode": 503}
    except DexecError as error:
        logger.warning("refused", error=type(error).__name__, reason=str(error))
        return {"statusCode": status_of(error)}


prepare("authenticate", "place_order", "watch_orders")


@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> Answer:
    """Serve one WebSocket event, or replay the events of one order."""
    logger.clear_state()
    about = event.get("subscribe") or event.get("requestContext") or {}
    logger.append_keys(connection_id=about.get("connectionId"))
    if "subscribe" in event:
        logger.append_keys(order_id=about.get("orderId"))
    try:
        answer = _answer(event)
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        return {"statusCode": 500}
    logger.info("websocket", event_type=about.get("eventType", "REPLAY"), status=answer["statusCode"])
    return answer
