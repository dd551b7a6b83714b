"""The edge of the HTTP API: authentication, limits and decoding of requests, headers of answers."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from dexec.api.inputs import MAX_BODY_BYTES
from dexec.api.json_text import load_object
from dexec.api.problems import (
    BodyTooLarge,
    Malformed,
    MethodNotAllowed,
    invalid,
    problem,
    retry_after_s,
    status_of,
)
from dexec.bootstrap import container
from dexec.domain.errors import DexecError, Invalid, NotFound
from dexec.ports import ApiKey
from dexec.telemetry import count_unexpected, log_failure, make_logger, make_metrics

P = ParamSpec("P")
T = TypeVar("T")

logger = make_logger("http_api")
metrics = make_metrics("http_api")
resolver = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=load_object)

PUBLIC = frozenset(
    {"/", "/health", "/ready", "/api/config", "/openapi.json", "/asyncapi.json", "/docs", "/errors"}
)
PUBLIC_FOLDERS = ("/console/", "/errors/")
PROBLEM = "application/problem+json"
MAX_SHOWN = 80
"""Characters of an unknown path that its refusal repeats."""
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
    """Refuse what is too large, leads nowhere, or has no key, before anything of it is read.

    Return it ready to be read. Which paths there are is no secret: an unknown one is refused without a key.
    """
    body = _body(event)
    check_path(event.http_method, event.path)
    key = None
    if event.path not in PUBLIC and not event.path.startswith(PUBLIC_FOLDERS):
        key = container().authenticate(event.headers.get("x-api-key"))
        # Orders have a limit of their own.
        if (event.http_method, event.path) != ("POST", "/api/orders/execute"):
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


def methods_of(path: str) -> list[str]:
    """Return the methods that a path has, none if there is no such path."""
    matching = [one for one in _routes() if one.rule.match(path)]
    # What stands in the table as it is, is meant: no order has the id "execute".
    named = [one for one in matching if one.path == path]
    return sorted({one.method for one in named or matching})


def preflight(path: str) -> dict[str, Any]:
    """Answer OPTIONS, which the route ``$default`` catches, too: API Gateway adds the headers of CORS."""
    allowed = [*methods_of(path), "OPTIONS"]
    return {"statusCode": HTTPStatus.NO_CONTENT, "headers": {"allow": ", ".join(allowed)}, "body": ""}


def check_path(method: str, path: str) -> None:
    """Raise ``NotFound`` for a path that no route has, ``MethodNotAllowed`` for a method that its has not."""
    allowed = methods_of(path)
    if method in allowed:
        return
    shown = path if len(path) <= MAX_SHOWN else f"{path[:MAX_SHOWN]}…"
    if allowed:
        raise MethodNotAllowed(f"there is no {method} {shown}; it has {', '.join(allowed)}", allowed)
    paths = sorted({one.path.replace("<", "{").replace(">", "}") for one in _routes()})
    # Without what most begin with: that would make any path like any other.
    known = {one.removeprefix("/api"): one for one in paths}
    near = get_close_matches(path.removeprefix("/api")[:MAX_SHOWN], known, 1)
    hint = f"did you mean {known[near[0]]}? " if near else ""
    raise NotFound(f"there is no path {shown}; {hint}/docs lists them all")


@cache
def _routes() -> tuple[Route, ...]:
    return (*resolver._static_routes, *resolver._dynamic_routes)


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
    is_whole = errors and len(errors[0].get("loc", ())) <= 1
    if is_whole and errors[0].get("type") == "missing":
        return refuse(Invalid("the body is missing: send a JSON object"))
    return refuse(invalid(errors))


def refuse_unexpected(error: Exception) -> Response[str]:
    """Log an error that no code expected; nothing of it reaches the client."""
    count_unexpected(logger, metrics, "unexpected error", error)
    return _problem(DexecError("unexpected"))


def refusal(error: Exception) -> dict[str, Any]:
    """Return what API Gateway is given for a request that the resolver has not seen."""
    refused = refuse(error) if isinstance(error, DexecError) else refuse_unexpected(error)
    headers = {"content-type": PROBLEM, **refused.headers}
    return {"statusCode": refused.status_code, "headers": headers, "body": refused.body}


def base_url(event: APIGatewayProxyEventV2) -> str:
    """Return where the client reaches this API, without a slash at the end."""
    if given := container().settings.http_url:
        return given.rstrip("/")
    host = (event.get("requestContext") or {}).get("domainName")
    return f"https://{host}" if host else ""


def _problem(error: DexecError) -> Response[str]:
    headers: dict[str, str | list[str]] = {}
    view = problem(error, resolver.context.get("base_url", ""))
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    if (wait_s := retry_after_s(error)) is not None:
        headers["retry-after"] = str(wait_s)
    return Response(status_of(error), PROBLEM, json.dumps(view), headers)


resolver.exception_handler(DexecError)(refuse)
resolver.exception_handler(RequestValidationError)(refuse_input)
resolver.exception_handler(Exception)(refuse_unexpected)


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
