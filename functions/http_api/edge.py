"""The edge of the HTTP API: authentication, limits and decoding of requests, headers of answers."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from dexec.api.inputs import MAX_BODY_BYTES
from dexec.api.json_text import load_object
from dexec.api.problems import BodyTooLarge, Malformed, invalid, problem, retry_after_s, status_of
from dexec.bootstrap import container
from dexec.domain.errors import DexecError, NotFound
from dexec.ports import ApiKey
from dexec.telemetry import count_unexpected, log_failure, make_logger, make_metrics

P = ParamSpec("P")
T = TypeVar("T")

logger = make_logger("http_api")
metrics = make_metrics("http_api")
resolver = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=load_object)

PUBLIC = frozenset({"/", "/health", "/ready", "/api/config", "/openapi.json", "/docs"})
PROBLEM = "application/problem+json"
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def answering(handler: Callable[P, T]) -> Callable[P, T]:
    """Have the resolver take any JSON object for an answer of ``handler``: mypy has checked its type.

    The resolver would else make a model of each answer's type, and check every answer against it.
    """
    signature = inspect.signature(handler).replace(return_annotation=dict[str, object])
    vars(handler)["__signature__"] = signature
    return handler


# --- requests ----------------------------------------------------------------------------------------


def admit(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """Refuse what is too large or has no key before anything of it is read; return it ready to be read."""
    body = _body(event)
    key = None
    if event.path not in PUBLIC and not event.path.startswith("/console/"):
        key = container().authenticate(event.headers.get("x-api-key"))
        # Orders have a limit of their own.
        if event.http_method != "POST" or event.path.startswith("/api/hooks"):
            container().limit_reads(key)
    try:
        text = body.decode()
    except UnicodeDecodeError as exc:
        raise Malformed("the body is not text in UTF-8") from exc
    # Every body is JSON, whatever a client's default content type says.
    headers = {name: value for name, value in event.headers.items() if name.lower() != "content-type"}
    headers["content-type"] = "application/json"
    resolver.append_context(caller=key)
    return {**event.raw_event, "headers": headers, "body": text, "isBase64Encoded": False}


def caller() -> ApiKey:
    """Return whose request is being answered."""
    key: ApiKey = resolver.context["caller"]
    return key


def _body(event: APIGatewayProxyEventV2) -> bytes:
    body = (event.get("body") or "").encode("utf-8", "surrogatepass")
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except ValueError as exc:
            raise Malformed("the body is marked as base64 and is not") from exc
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge("the body is over 16 KB, the most that is accepted")
    return body


# --- refusals ----------------------------------------------------------------------------------------


def refuse(error: DexecError) -> Response[str]:
    """Answer with problem details."""
    log_failure(logger, metrics, error)
    return _problem(error)


def refuse_input(error: RequestValidationError) -> Response[str]:
    """Answer what validation found with problem details."""
    errors = error.errors()
    if errors and errors[0].get("type") in ("json_invalid", "model_attributes_type"):
        return refuse(Malformed("the body is not a JSON object"))
    return refuse(invalid(errors))


def refuse_unexpected(error: Exception) -> Response[str]:
    """Log an error that no code expected; nothing of it reaches the client."""
    count_unexpected(logger, metrics, "unexpected error", error)
    return _problem(DexecError("unexpected"))


def refuse_path(_: NotFoundError) -> Response[str]:
    """Answer an unknown path."""
    return refuse(NotFound("there is no such path"))


def refusal(error: Exception) -> dict[str, Any]:
    """Return what API Gateway is given for a request that the resolver has not seen."""
    refused = refuse(error) if isinstance(error, DexecError) else refuse_unexpected(error)
    headers = {"content-type": PROBLEM, **refused.headers}
    return {"statusCode": refused.status_code, "headers": headers, "body": refused.body}


def _problem(error: DexecError) -> Response[str]:
    headers: dict[str, str | list[str]] = {}
    if (wait_s := retry_after_s(error)) is not None:
        headers["retry-after"] = str(wait_s)
    return Response(status_of(error), PROBLEM, json.dumps(problem(error)), headers)


resolver.exception_handler(DexecError)(refuse)
resolver.exception_handler(RequestValidationError)(refuse_input)
resolver.exception_handler(Exception)(refuse_unexpected)
resolver.not_found(refuse_path)


# --- answers -----------------------------------------------------------------------------------------


def secured(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with the security headers; its own headers go before them."""
    policy = content_security_policy(container().settings.websocket_url)
    added = {**SECURITY_HEADERS, "content-security-policy": policy}
    return {**answer, "headers": {**added, **(answer.get("headers") or {})}}


@cache
def content_security_policy(websocket_url: str) -> str:
    """Return what a page may load and whom it may talk to: this API, and the WebSocket API at that URL."""
    address = urlsplit(websocket_url)
    socket = f" {address.scheme}://{address.netloc}" if address.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
