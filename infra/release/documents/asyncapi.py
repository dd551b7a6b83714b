"""AsyncAPI 3 of the WebSocket: frames in from the models that check them, frames out from the types."""

from __future__ import annotations

from inspect import cleandoc
from typing import TypeAlias, cast

from typing_extensions import TypeAliasType

from dexec import __version__
from dexec.api import frame_answers
from dexec.api.amendments import AmendFrame, CancelFrame
from dexec.api.inputs import ExecuteFrame, PingFrame, SubscribeFrame, UnsubscribeFrame
from dexec.api.order_body import OrderBody
from infra.json_types import Json, Node
from infra.release.documents.components import REF, schemas
from infra.release.documents.spellings import spelled

ASYNCAPI = "3.0.0"

Named: TypeAlias = type | TypeAliasType
"""What a component is made of: a model, a type of dictionary, or a choice of these that has a name."""

RECEIVED: dict[str, tuple[Named, str]] = {
    "execute": (ExecuteFrame, "Place an order, and watch it."),
    "order": (OrderBody, "An order by itself: the same as `execute`."),
    "cancel": (CancelFrame, "Cancel an order."),
    "amend": (AmendFrame, "Amend an order that waits, if it is still at this `seq`."),
    "subscribe": (SubscribeFrame, "Watch an order from the event after `afterSeq` on."),
    "unsubscribe": (UnsubscribeFrame, "Stop watching an order."),
    "ping": (
        PingFrame,
        "Keep the connection open (API Gateway closes it after 10 idle minutes); ask whether it is known.",
    ),
}
SENT: dict[str, tuple[Named, str]] = {
    "status": (frame_answers.StatusFrame, "One event of a watched order."),
    "ack": (frame_answers.AckFrame, "What was asked for is done."),
    "error": (frame_answers.ErrorFrame, "What was asked for is refused."),
    "pong": (frame_answers.PongFrame, "The answer to `ping`."),
}
REPLIES = {
    "execute": ("ack", "error"),
    "order": ("ack", "error"),
    "cancel": ("ack", "error"),
    "amend": ("ack", "error"),
    "subscribe": ("ack", "error"),
    "unsubscribe": ("ack", "error"),
    "ping": ("pong", "error"),
}

DESCRIPTION = """
Orders placed and watched over one connection. Delivery is at least once: `(orderId, seq)` orders the events
and identifies repeats; after a gap or a reconnect, `subscribe` with `afterSeq`. A `status` may come before
the `ack` of its order. A frame in can have 16 KB at the most, and is JSON text; binary frames are refused. A
number in it has 100 characters and an exponent of ±999 at the most, and no object has two fields of one name.

Give each `execute` an `idempotencyKey`, and send it again with the same one when no `ack` comes, on this
connection or the next: it is one order. An `error` with the code `connection_unknown` (410) says that the
deployment does not know this connection any more and has done nothing; it closes it then: connect again,
subscribe with `afterSeq`, and send again what was refused.

The HTTP API, which places orders as well, is described by its OpenAPI document.
"""


CONNECTING = """
Connect to the `websocketUrl` of `/api/config`, or to that of an accepted order as it is. The key goes into
the header `x-api-key`; where no header can be set, as in browsers, append it as `apiKey` to the query.

A handshake that is refused is answered with a status: 401 for a key that is missing, unknown or revoked, 422
for a `stream` other than `all`, 429 for a client with too many connections, 503 where the deployment cannot
take it now. (Browsers show none of these to a page; ask the HTTP API with the same key.) With an `orderId`
that is no order of this client the connection opens, and an `error` with the code `not_found` says so: the
same for an order that does not exist and for one of another client.
"""


def document() -> Node:
    """Return the document."""
    read = spelled(schemas({kind.__name__: kind for kind, _ in RECEIVED.values()}, "validation"))
    written = schemas({kind.__name__: kind for kind, _ in SENT.values()}, "serialization")
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "dexec",
            "version": __version__,
            "description": cleandoc(DESCRIPTION),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {"orders": _channel()},
        "operations": _operations(),
        "components": {
            "messages": {name: _message(name, *about) for name, about in (RECEIVED | SENT).items()},
            "schemas": {name: _named(schema) for name, schema in sorted((read | written).items())},
            "securitySchemes": {
                "header": {
                    "type": "httpApiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "or `apiKey` in the query, since browsers cannot set headers here",
                }
            },
        },
    }


def _servers() -> Node:
    security: list[Json] = [{"$ref": "#/components/securitySchemes/header"}]
    return {
        "local": {
            "host": "localhost:4566",
            "pathname": "/_aws/execute-api/de0ec002/live",
            "protocol": "ws",
            "description": "a deployment started by `dexec up`",
            "security": security,
        },
        "aws": {
            "host": "{api}.execute-api.{region}.{domain}",
            "pathname": "/live",
            "protocol": "wss",
            "description": "the address is in `/api/config`",
            "security": security,
            "variables": {
                "api": {"description": "id of the API, an output of the stack"},
                "region": {"default": "us-east-1"},
                "domain": {"default": "amazonaws.com", "description": "that of the region's partition"},
            },
        },
    }


def _channel() -> Node:
    text: Node = {"type": "string"}
    query: Node = {
        "apiKey": {**text, "description": "the client's API key, where no header can be set"},
        "orderId": {**text, "description": "watch this order: all its events so far, then those to come"},
        "stream": {"const": "all", "description": "all events of the client's orders from now on"},
    }
    return {
        "address": "/",
        "description": cleandoc(CONNECTING),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in RECEIVED | SENT},
        "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": query}}},
    }


def _operations() -> Node:
    """Return what the service receives, each with its replies, and what it sends unasked."""
    channel: Node = {"$ref": "#/channels/orders"}
    received: Node = {
        name: {
            "action": "receive",
            "summary": RECEIVED[name][1],
            "channel": channel,
            "messages": _refs((name,)),
            "reply": {"channel": channel, "messages": _refs(replies)},
        }
        for name, replies in REPLIES.items()
    }
    sent: Node = {
        "action": "send",
        "summary": SENT["status"][1],
        "channel": channel,
        "messages": _refs(("status",)),
    }
    return {**received, "notify": sent}


def _named(schema: Json) -> Json:
    """Return a schema whose discriminator is, as AsyncAPI has it, no more than the property's name."""
    if not (isinstance(schema, dict) and isinstance(about := schema.get("discriminator"), dict)):
        return schema
    return schema | {"discriminator": about["propertyName"]}


def _refs(names: tuple[str, ...]) -> list[Json]:
    return [{"$ref": f"#/channels/orders/messages/{name}"} for name in names]


def _message(name: str, kind: Named, summary: str) -> Node:
    return cast(Node, {"name": name, "summary": summary, "payload": {"$ref": f"{REF}{kind.__name__}"}})
