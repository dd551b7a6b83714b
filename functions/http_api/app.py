"""HTTP: orders, quotes, balances, and the pages that show them."""

from __future__ import annotations

import base64
import json
import mimetypes
import time
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field, TypeAdapter, ValidationError

from dexec import __version__
from dexec.api.routes import route_details
from dexec.bootstrap import container, prepare
from dexec.domain.arithmetic import BPS
from dexec.domain.errors import BodyTooLarge, DexecError, Malformed, NotFound
from dexec.domain.lifecycle import Status
from dexec.domain.quote import Mode
from dexec.domain.routing import record_route
from dexec.domain.tokens import TOKENS
from dexec.domain.views import amount_of, event_view, iso, order_view
from dexec.json_text import load_object
from dexec.ports import ApiKey
from dexec.schemas import (
    MAX_BODY_BYTES,
    IdempotencyKey,
    OrderBody,
    TokenName,
    invalid,
    problem,
    retry_after_s,
    status_of,
)
from dexec.telemetry import count_unexpected, make_logger, make_metrics
from dexec.usecases.place_order import Submission
from dexec.usecases.read_orders import MAX_PAGE

logger = make_logger("http_api")
metrics = make_metrics("http_api")
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=load_object)

PUBLIC = frozenset({"/", "/health", "/ready", "/api/config", "/openapi.json", "/docs"})
# What may be served, by name: the console, and the generated documents.
PAGES = {
    path.name: path for folder in ("console", "static") for path in (Path(__file__).parent / folder).iterdir()
}
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

ACCEPTING = ("POST", "/api/orders/execute")
_KEYS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[IdempotencyKey], Field(max_length=1)])

View = dict[str, object]

IDEMPOTENCY = (
    "One for each order that is wanted, a new UUID for example, and kept for every try to place it: a repeat "
    "with the same key and body is answered with the same order. Without it, a request whose answer was lost "
    "(no answer, 502, 503, 504) cannot be sent again without the risk of a second swap."
)


@cache
def content_security_policy(websocket_url: str) -> str:
    """Return what a page may load and whom it may talk to: this API, and the WebSocket API at that URL."""
    address = urlsplit(websocket_url)
    socket = f" {address.scheme}://{address.netloc}" if address.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@app.post(ACCEPTING[1], status_code=202)
def execute(
    body: OrderBody,
    idempotency_key: Annotated[IdempotencyKey | None, Header(description=IDEMPOTENCY)] = None,
) -> View:
    """Accept an order; it is executed soon, and once.

    Always send an `Idempotency-Key`, and send the request again with the same one when the answer is lost: a
    connection that breaks, a time-out, 502, 503 or 504 may hide an order that was accepted. Wait a little
    longer before each try, and as long as `Retry-After` says. After 429 nothing was accepted.
    """
    parts = container()
    request = body.to_request(parts.settings.default_slippage_bps)
    order = parts.place_order(Submission(request, body.client_id, idempotency_key), _caller()).order
    logger.append_keys(order_id=order.id)
    metrics.add_metric("OrdersAccepted", MetricUnit.Count, 1)
    return {
        "orderId": order.id,
        "status": order.status.value,
        "startsAt": iso(order.run_at),
        "websocketUrl": f"{parts.settings.websocket_url}?orderId={order.id}",
    }


@app.get("/api/orders/<order_id>")
def read_order(order_id: str) -> View:
    """Return one order with all its events."""
    logger.append_keys(order_id=order_id)
    order, events = container().read_orders.one(order_id, _caller().client_id)
    return {**order_view(order), "events": [event_view(event) for event in events]}


@app.get("/api/orders")
def read_history(
    status: Annotated[Status | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> View:
    """Return the caller's orders, newest first."""
    page = container().read_orders.page(_caller().client_id, status, limit, cursor)
    return {"orders": [order_view(order) for order in page.orders], "nextCursor": page.next_cursor}


@app.get("/api/quotes")
def read_quotes(
    token_in: Annotated[TokenName, Query(alias="tokenIn")],
    token_out: Annotated[TokenName, Query(alias="tokenOut")],
    amount: Annotated[str, Query(max_length=50)],
    mode: Annotated[Mode, Query()] = Mode.EXACT_IN,
    slippage_bps: Annotated[int | None, Query(alias="slippageBps", ge=0, le=BPS)] = None,
) -> View:
    """Return every venue's quote and the route that an order would take now."""
    parts = container()
    fields = {"tokenIn": token_in, "tokenOut": token_out, "amount": amount, "slippageBps": slippage_bps}
    body = OrderBody.model_validate({**fields, "mode": mode})
    request = body.to_request(parts.settings.default_slippage_bps)
    route = route_details(record_route(parts.quote_route(request).route))
    return {
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "mode": request.mode.value,
        "amount": amount_of(request.amount, request.exact_token),
        "quotes": route["quotes"],
        "route": route,
    }


@app.get("/api/balances")
def read_balances() -> View:
    """Return what the caller's wallet holds."""
    held = container().wallets.balances(_caller().client_id)
    return {
        "balances": [
            {"symbol": symbol, "mint": TOKENS[symbol].mint, "amount": amount_of(amount, symbol)}
            for symbol, amount in held.items()
        ]
    }


@app.get("/api/tokens")
def read_tokens() -> View:
    """Return the tokens that can be swapped."""
    return {
        "tokens": [
            {"symbol": token.symbol, "name": token.name, "mint": token.mint, "decimals": token.decimals}
            for token in TOKENS.values()
        ]
    }


@app.get("/api/config")
def read_config() -> View:
    """Return what a client has to know before it has a key."""
    settings = container().settings
    return {
        "version": __version__,
        "websocketUrl": settings.websocket_url,
        "ordersPerMinute": settings.orders_per_minute,
        "orderBurst": settings.order_burst,
        "defaultSlippageBps": settings.default_slippage_bps,
        "cluster": "paper",
    }


@app.get("/health")
def health() -> View:
    """Say that requests are served."""
    return {"status": "ok", "version": __version__}


@app.get("/ready")
def ready() -> View:
    """Say that orders are taken: the store and the queue answer."""
    checks = container().check_readiness()
    return {"status": "ready", "version": __version__, "checks": checks}


@app.get("/", include_in_schema=False)
def console() -> Response[bytes]:
    """Serve the trading console."""
    return _file("index.html")


@app.get("/docs", include_in_schema=False)
def reference() -> Response[bytes]:
    """Serve the readable reference."""
    return _file("docs.html")


@app.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[bytes]:
    """Serve the OpenAPI document."""
    return _file("openapi.json")


@app.get("/console/<file_name>", include_in_schema=False)
def console_file(file_name: str) -> Response[bytes]:
    """Serve one of the console's files."""
    return _file(file_name)


def _file(name: str) -> Response[bytes]:
    if name not in PAGES:
        raise NotFound("there is no such page")
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(200, f"{content_type}; charset=utf-8", PAGES[name].read_bytes())


def refuse(error: DexecError) -> Response[str]:
    """Answer with problem details."""
    status = status_of(error)
    if status == 500:
        return apologize(error)
    if status > 500:
        cause = repr(error.__cause__)
        logger.error("request failed", error=type(error).__name__, reason=str(error), cause=cause)
    return _problem(error)


def _problem(error: DexecError) -> Response[str]:
    headers: dict[str, str | list[str]] = {}
    if (wait_s := retry_after_s(error)) is not None:
        headers["retry-after"] = str(wait_s)
    return Response(status_of(error), "application/problem+json", json.dumps(problem(error)), headers)


def refuse_input(error: RequestValidationError) -> Response[str]:
    """Answer what validation found with problem details."""
    errors = error.errors()
    if errors and errors[0].get("type") in ("json_invalid", "model_attributes_type"):
        return refuse(Malformed("the body is not a JSON object"))
    return refuse(invalid(errors))


def apologize(error: Exception) -> Response[str]:
    """Log what nobody expected; nothing of it reaches the client."""
    count_unexpected(logger, metrics, "unexpected error", error)
    return _problem(DexecError("unexpected"))


def no_such_route(_: NotFoundError) -> Response[str]:
    """Answer an unknown path."""
    return refuse(NotFound("there is no such path"))


app.exception_handler(DexecError)(refuse)
app.exception_handler(RequestValidationError)(refuse_input)
app.exception_handler(Exception)(apologize)
app.not_found(no_such_route)


def _caller() -> ApiKey:
    caller: ApiKey = app.context["caller"]
    return caller


def _admit(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """Refuse what is too large or has no key before anything of it is read; return it ready to be read."""
    body = _body(event)
    given = event.headers
    caller = None
    if event.path not in PUBLIC and not event.path.startswith("/console/"):
        caller = container().authenticate(given.get("x-api-key"))
        if event.http_method != "POST":
            container().limit_reads(caller)
    try:
        text = body.decode()
    except UnicodeDecodeError as exc:
        raise Malformed("the body is not text in UTF-8") from exc
    # Every body is JSON, whatever a client's default content type says.
    headers = {name: value for name, value in given.items() if name.lower() != "content-type"}
    headers["content-type"] = "application/json"
    app.append_context(caller=caller)
    return {**event.raw_event, "headers": headers, "body": text, "isBase64Encoded": False}


def _body(event: APIGatewayProxyEventV2) -> bytes:
    body = (event.get("body") or "").encode("utf-8", "surrogatepass")
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except ValueError as exc:
            raise Malformed("the body is marked as base64 and is not") from exc
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge("a body can have 16 KB at the most")
    return body


def _accept(admitted: dict[str, Any]) -> dict[str, Any] | None:
    """Answer a valid order as the resolver would, which asks ten times as much of the processor for it.

    None is for the resolver to answer: all that is not valid, so that refusals are made in one place.
    """
    try:
        body = OrderBody.model_validate(load_object(admitted["body"]))
        given = [value for name, value in admitted["headers"].items() if name.lower() == "idempotency-key"]
        keys = _KEYS.validate_python(given)
    except (Malformed, ValidationError):
        return None
    try:
        accepted = execute(body, keys[0] if keys else None)
    except Exception as error:
        return _refusal(error)
    finally:
        app.clear_context()
    said = json.dumps(accepted, separators=(",", ":"))
    return {"statusCode": HTTPStatus.ACCEPTED, "headers": {"content-type": "application/json"}, "body": said}


def _refusal(error: Exception) -> dict[str, Any]:
    refusal = refuse(error) if isinstance(error, DexecError) else apologize(error)
    told = {"content-type": "application/problem+json", **refusal.headers}
    return {"statusCode": refusal.status_code, "headers": told, "body": refusal.body}


def _answer(event: APIGatewayProxyEventV2, context: LambdaContext) -> dict[str, Any]:
    try:
        admitted = _admit(event)
    except Exception as error:
        return _refusal(error)
    accepted = _accept(admitted) if (event.http_method, event.path) == ACCEPTING else None
    return accepted or app.resolve(admitted, context)


prepare("authenticate", "place_order")


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    logger.clear_state()
    started = time.perf_counter()
    request = APIGatewayProxyEventV2(event)
    answer = _answer(request, context)
    policy = content_security_policy(container().settings.websocket_url)
    added = {**SECURITY_HEADERS, "content-security-policy": policy}
    answer["headers"] = {**added, **(answer.get("headers") or {})}
    logger.info(
        "request",
        method=request.http_method,
        path=request.path,
        status=answer["statusCode"],
        ms=round((time.perf_counter() - started) * 1000, 1),
    )
    return answer
