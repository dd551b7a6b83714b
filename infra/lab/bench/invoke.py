"""Calling the functions' handlers as Lambda would, in this process.

Imports nothing beyond the standard library: what a cold start costs must not be paid here before.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from infra.local.home import PROJECT

Event = dict[str, object]
Handler = Callable[[Event, "Context"], dict[str, object]]

FUNCTIONS = PROJECT / "functions"
TIMEOUT_MS = 20_000


class Context:
    """What Lambda hands to a handler beside the event."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take: each starts with all of it."""
        return TIMEOUT_MS


def load(function: Path) -> Handler:
    """Import ``app.py`` in the folder of a function, and what lies beside it; return its handler."""
    sys.path.insert(0, str(function))
    spec = importlib.util.spec_from_file_location("app", function / "app.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no function in {function}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Handler, module.handler)


def order(number: int) -> dict[str, str]:
    """Return the body of an order; sides alternate, so that no wallet runs dry."""
    if number % 2:
        return {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "15"}
    return {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.1"}


def post_order(number: int, api_key: str) -> Event:
    """Return the event of ``POST /api/orders/execute`` (payload format 2.0)."""
    path = "/api/orders/execute"
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "x"}
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "x-api-key": api_key},
        "requestContext": {"http": http, "stage": "$default", "requestId": "bench"},
        "body": json.dumps(order(number)),
        "isBase64Encoded": False,
    }


def queue_message(order_id: str) -> Event:
    """Return the event of one message of the order queue."""
    record = {
        "messageId": order_id,
        "receiptHandle": "receipt",
        "body": json.dumps({"orderId": order_id}),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def connect(connection_id: str, api_key: str) -> Event:
    """Return the event of a WebSocket's ``$connect``."""
    context = {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": connection_id}
    return {"headers": {}, "queryStringParameters": {"apiKey": api_key}, "requestContext": context}


def execute_frame(connection_id: str, number: int) -> Event:
    """Return the event of an ``execute`` frame."""
    context = {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": connection_id}
    frame = {"action": "execute", "id": str(number), "order": order(number)}
    return {"requestContext": context, "body": json.dumps(frame), "isBase64Encoded": False}
