"""OpenAPI 3.1 of the HTTP API: paths, parameters and bodies from the handlers, answers from the types."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from inspect import cleandoc
from typing import cast, get_type_hints

from dexec import __version__
from dexec.api.problems import MEANINGS, Problem
from infra.json_types import Json, Node
from infra.local.home import PROJECT
from infra.release.documents.components import REF, needed, schemas
from infra.release.documents.spellings import EXAMPLES, spelled

# What lies beside a function's entry is imported by its own name, as on Lambda.
sys.path.append(str(PROJECT / "functions" / "http_api"))

import hooks
import routes
from edge import resolver
from functions.http_api import app  # noqa: F401  # it puts the routes on the resolver

OPENAPI = "3.1.0"


@dataclass(frozen=True)
class Operation:
    """What a handler's answer says; ``refusals`` are the statuses beside those that every call may have."""

    tag: str
    description: str
    status: int = 200
    refusals: tuple[int, ...] = ()
    public: bool = False


OPERATIONS = {
    "execute": Operation(
        "orders",
        "the order is stored and will be executed",
        202,
        (400, 409, 422, 423, 504),
    ),
    "read_order": Operation("orders", "the order", refusals=(404, 422)),
    "read_history": Operation("orders", "a page of orders", refusals=(422,)),
    "cancel_order": Operation("orders", "the order, cancelled", refusals=(404, 409, 504)),
    "amend_order": Operation("orders", "the order as it is amended", refusals=(400, 404, 409, 422, 423, 504)),
    "cancel_orders": Operation("orders", "what was cancelled, and what not", refusals=(400, 422, 504)),
    "create_webhook": Operation("webhooks", "the webhook and its secret", 201, (400, 409, 422)),
    "list_webhooks": Operation("webhooks", "the webhooks"),
    "delete_webhook": Operation("webhooks", "it is deleted", refusals=(404,)),
    "read_deliveries": Operation("webhooks", "a page of deliveries", refusals=(404, 422)),
    "replay_deliveries": Operation("webhooks", "they are sent soon", 202, (400, 404, 422)),
    "test_webhook": Operation("webhooks", "a test is sent soon", 202, (404,)),
    "read_quotes": Operation("market", "quotes and route", refusals=(422,)),
    "read_prices": Operation("market", "the prices seen", refusals=(422,)),
    "read_balances": Operation("market", "the balances"),
    "read_risk": Operation("market", "the limits"),
    "read_tokens": Operation("market", "the tokens"),
    "read_config": Operation("service", "the configuration", public=True),
    "health": Operation("service", "requests are served", public=True),
    "ready": Operation("service", "the store and the queue answer", public=True),
}

ALWAYS = (413, 500, 503)
WAITING = (429, 503)
RETRY_AFTER: Node = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}

INFO: Node = {
    "title": "dexec",
    "version": __version__,
    "description": cleandoc(
        """
        Execution of crypto swap orders. Place an order, then read it, or watch it over the WebSocket whose
        address is in `/api/config` and which the AsyncAPI document describes.

        Amounts are decimals in whole tokens: numbers or strings going in, strings coming out. Refusals are
        problem details (RFC 9457), of unknown paths, too: `code` is one of a closed set, and `type` the
        address of the page that explains it. Only API Gateway in front of it refuses in its own words,
        `{"message": …}`: 429 or 503 above the rate of the whole deployment, 400 for what is no HTTP.
        """
    ),
    "license": {"name": "MIT", "identifier": "MIT"},
}
TAGS: list[Json] = [
    {"name": "orders", "description": "Placing, reading, amending and cancelling orders"},
    {"name": "webhooks", "description": "Having events sent to an address of one's own"},
    {"name": "market", "description": "Prices, tokens, balances"},
    {"name": "service", "description": "The deployment itself"},
]
KEY: Node = {
    "type": "apiKey",
    "in": "header",
    "name": "x-api-key",
    "description": "`dexec keys create NAME` makes one; a local deployment has the key `local`.",
}


def document() -> Node:
    """Return the document."""
    raw = cast(Node, json.loads(resolver.get_openapi_json_schema(title="dexec", version=__version__)))
    read = spelled({name: _tidy(schema) for name, schema in _node(raw, "components", "schemas").items()})
    written = schemas(
        {kind.__name__: kind for kind in (*map(answer_of, OPERATIONS), Problem)},
        "serialization",
    )
    paths: Node = {path: _path(path, cast(Node, methods)) for path, methods in _node(raw, "paths").items()}
    return {
        "openapi": OPENAPI,
        "info": INFO,
        "servers": [{"url": ".", "description": "the deployment that serves this document"}],
        "tags": TAGS,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": needed(read | written, [paths]),
            "securitySchemes": {"ApiKey": KEY},
        },
    }


def answer_of(handler: str) -> type:
    """Return the type that a handler is declared to answer."""
    return cast(type, get_type_hints(_handler(handler))["return"])


def _handler(name: str) -> object:
    return getattr(routes, name, None) or getattr(hooks, name)


def _path(path: str, methods: Node) -> Node:
    return {method: _operation(path, method, cast(Node, raw)) for method, raw in methods.items()}


def _operation(path: str, method: str, raw: Node) -> Node:
    handler = str(raw["operationId"]).removesuffix(re.sub(r"\W", "_", path) + f"_{method}")
    operation = OPERATIONS[handler]
    security: list[Json] = [] if operation.public else [{"ApiKey": []}]
    summary, _, more = cleandoc(str(_handler(handler).__doc__)).partition("\n\n")
    known: Node = {
        "tags": [operation.tag],
        "summary": summary,
        **({"description": more} if more else {}),
        "operationId": re.sub(r"_(\w)", lambda found: found[1].upper(), handler),
        "security": security,
    }
    given: Node = {name: _tidy(raw[name]) for name in ("parameters", "requestBody") if name in raw}
    if handler == "execute":
        _node(given, "requestBody", "content", "application/json")["examples"] = EXAMPLES
    return known | given | {"responses": _responses(handler)}


def _responses(handler: str) -> Node:
    operation = OPERATIONS[handler]
    statuses = sorted({*operation.refusals, *ALWAYS, *(() if operation.public else (401, 429))})
    answered = _response(operation.description, "application/json", answer_of(handler).__name__)
    responses: Node = {str(operation.status): answered}
    for status in statuses:
        refusal = _response(MEANINGS[status], "application/problem+json", "Problem")
        responses[str(status)] = refusal | ({"headers": RETRY_AFTER} if status in WAITING else {})
    return responses


def _response(description: str, content_type: str, schema: str) -> Node:
    return {"description": description, "content": {content_type: {"schema": {"$ref": f"{REF}{schema}"}}}}


def _tidy(schema: Json) -> Json:
    """Leave out generated titles and what only says that a parameter may be left out."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        if isinstance(schema, str):
            return schema.replace("``", "`")
        return int(schema) if isinstance(schema, float) and schema.is_integer() else schema
    choices = schema.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices and "name" not in schema:
        kept = [choice for choice in choices if choice != {"type": "null"}]
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        schema = rest | (cast(Node, kept[0]) if len(kept) == 1 else {"anyOf": kept})
    return {
        name: {key: _tidy(item) for key, item in value.items()}
        if name == "properties" and isinstance(value, dict)
        else _tidy(value)
        for name, value in schema.items()
        if name != "title"
    }


def _node(node: Node, *path: str) -> Node:
    for name in path:
        node = cast(Node, node[name])
    return node
