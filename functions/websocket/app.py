"""Lambda function of the WebSocket API: connections, their frames, and the replay of past events."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from actions import logger, metrics, receive, refuse
from dexec.api.problems import status_of
from dexec.bootstrap import container, prepare
from dexec.domain.errors import DexecError, Invalid, OutcomeUnknown, Unauthenticated, Unavailable
from dexec.domain.ids import is_order_id
from dexec.telemetry import count_unexpected, log_failure
from dexec.usecases.watch_orders import OPENING_PAUSES_S

Answer = dict[str, int]


def connect(event: dict[str, Any], connection_id: str) -> None:
    """Let a connection in, or raise why not.

    A wrong key, or a ``stream`` that there is not, is refused here: API Gateway answers the handshake with
    the status, so its client sees 401 or 422. An order that is not there is said by a frame over the open
    connection.
    """
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    order_id = query.get("orderId")
    if order_id is not None and is_order_id(order_id):
        logger.append_keys(order_id=order_id)
    parts = container()
    caller = parts.authenticate(headers.get("x-api-key") or query.get("apiKey"))
    stream = query.get("stream")
    if stream not in (None, "all"):
        raise Invalid("must be all", "stream")
    parts.watch_orders.connect(connection_id, caller, stream=stream is not None, order_id=order_id)


def disconnect(_: dict[str, Any], connection_id: str) -> None:
    """Forget a connection."""
    container().watch_orders.disconnect(connection_id)


def replay_events(subscribe: dict[str, str]) -> None:
    """Subscribe a connection that has just been opened."""
    connection_id = subscribe["connectionId"]
    try:
        container().watch_orders.replay_events(subscribe["orderId"], subscribe["clientId"], connection_id)
    except DexecError as error:
        refuse(connection_id, error, pauses_s=OPENING_PAUSES_S)


ROUTES = {"CONNECT": connect, "DISCONNECT": disconnect, "MESSAGE": receive}


def _status(event: dict[str, Any]) -> int:
    """Do what an event asks for; return the status for API Gateway."""
    try:
        if "subscribe" in event:
            replay_events(event["subscribe"])
        else:
            context = event["requestContext"]
            ROUTES[context["eventType"]](event, context["connectionId"])
    except Unauthenticated:
        return HTTPStatus.UNAUTHORIZED
    except (Unavailable, OutcomeUnknown) as error:
        log_failure(logger, metrics, error)
        return HTTPStatus.SERVICE_UNAVAILABLE
    except DexecError as error:
        logger.warning("refused", error=type(error).__name__, reason=str(error))
        return status_of(error)
    return HTTPStatus.OK


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
        status = _status(event)
    except Exception:
        count_unexpected(logger, metrics, "unexpected error")
        return {"statusCode": HTTPStatus.INTERNAL_SERVER_ERROR}
    logger.info("websocket", event_type=about.get("eventType", "REPLAY"), status=status)
    return {"statusCode": status}
