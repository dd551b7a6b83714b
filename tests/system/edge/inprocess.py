"""The functions of a deployment in this process: real handlers, use cases and PostgreSQL, no emulator.

Events are as API Gateway and SQS make them. The queue, the pushes and the clock are fakes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode

from aws_lambda_powertools.utilities.typing import LambdaContext

import actions
import edge
import hooks
import routes
from dexec.bootstrap import Container
from dexec.ports import ApiKey
from dexec.settings import Settings
from dexec.usecases.authenticate import hash_key
from dexec.usecases.steps import RESERVE_S
from functions.dead_letters import app as dead_letters
from functions.executor import app as executor
from functions.http_api import app as http_api
from functions.sweeper import app as sweeper
from functions.trigger import app as trigger
from functions.webhooks import app as webhooks
from functions.websocket import app as websocket
from tests.support.fakes import (
    FakeClock,
    FakeEventReplay,
    FakeHookQueue,
    FakePost,
    FakePush,
    FakeQueue,
    FakeStarter,
)
from tests.support.fakes.push import Frame

PARTS: tuple[ModuleType, ...] = (
    dead_letters,
    executor,
    edge,
    hooks,
    routes,
    sweeper,
    trigger,
    actions,
    webhooks,
    websocket,
)
"""The modules that ask for their parts."""

LOGGERS = tuple(
    module.logger for module in (dead_letters, executor, edge, sweeper, trigger, actions, webhooks)
)
Fields = Mapping[str, str]
EXECUTE = "/api/orders/execute"
SWAP: dict[str, Any] = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"}


class Context(LambdaContext):
    """What Lambda tells a handler about its invocation."""

    def __init__(self, seconds: float = 20) -> None:
        self._milliseconds = round(seconds * 1000)
        self._function_name = "dexec"
        self._function_version = "$LATEST"
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:dexec"
        self._memory_limit_in_mb = 512
        self._aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return self._milliseconds


@dataclass(frozen=True)
class Answer:
    """What a client gets over HTTP; names of headers are in lower case."""

    status: int
    headers: Fields
    text: str

    @property
    def json(self) -> dict[str, object]:
        return cast("dict[str, object]", json.loads(self.text))


@dataclass
class Deployment:
    """Every way in, and what comes out."""

    parts: Container
    clock: FakeClock
    queue: FakeQueue
    push: FakePush
    event_replay: FakeEventReplay
    starter: FakeStarter
    hook_queue: FakeHookQueue
    post: FakePost
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add_key(self, key: str, client_id: str, *, orders_per_minute: int | None = 0) -> ApiKey:
        """Let a client in, without a rate limit unless one is given."""
        stored = ApiKey(hash_key(key), client_id, orders_per_minute, None, self.clock.now())
        self.parts.api_keys.add(stored)
        return stored

    def http(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        query: Fields | None = None,
        body: str | bytes | None = None,
        headers: Fields | None = None,
    ) -> Answer:
        """Send one request; a ``bytes`` body arrives in base64, as API Gateway hands over binary types."""
        sent = {**(headers or {}), **({} if key is None else {"x-api-key": key})}
        return self.answer(http_event(method, path, urlencode(query or {}), sent, body))

    def answer(self, event: Mapping[str, object]) -> Answer:
        """Send the request of an event."""
        answer = http_api.handler(dict(event), Context())
        text = answer.get("body") or ""
        assert isinstance(text, str), "API Gateway takes no other body"
        if answer.get("isBase64Encoded"):
            text = base64.b64decode(text).decode()
        lower_case = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], lower_case, text)

    def order(self, key: str, body: Mapping[str, object] = SWAP, idempotency_key: str = "") -> Answer:
        """Ask for an order."""
        headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
        return self.http("POST", EXECUTE, key=key, body=json.dumps(body), headers=headers)

    def place(self, key: str, body: Mapping[str, object] = SWAP, idempotency_key: str = "") -> str:
        """Place an order; return its id."""
        answer = self.order(key, body, idempotency_key)
        assert answer.status == 202, answer.text
        return str(answer.json["orderId"])

    def read(self, order_id: str, key: str) -> dict[str, Any]:
        """Return an order as its client reads it."""
        answer = self.http("GET", f"/api/orders/{order_id}", key=key)
        assert answer.status == 200, answer.text
        return answer.json

    def connect(self, key: str | None, query: Fields | None = None) -> tuple[str, int]:
        """Open a connection; return its id and the status of the answer."""
        connection_id = f"connection-{next(self._numbers)}"
        event = socket_event("CONNECT", connection_id)
        event["queryStringParameters"] = {**(query or {}), **({} if key is None else {"apiKey": key})}
        status = websocket.handler(event, Context())["statusCode"]
        self._replay_events()
        return connection_id, status

    def send(self, connection_id: str, text: str) -> list[Frame]:
        """Send one frame; return the frames that the connection is sent meanwhile."""
        frames = self.push.frames[connection_id]
        before = len(frames)
        answer = websocket.handler({**socket_event("MESSAGE", connection_id), "body": text}, Context())
        assert answer == {"statusCode": 200}
        self._replay_events()
        return frames[before:]

    def received(self, connection_id: str) -> list[Frame]:
        """Return all frames that a connection was sent."""
        return self.push.frames[connection_id]

    def disconnect(self, connection_id: str) -> None:
        """Close a connection."""
        websocket.handler(socket_event("DISCONNECT", connection_id), Context())

    def execute(self, order_id: str, receives: int = 1) -> list[str]:
        """Hand a message of an order to the executor; return the ids of messages that it hands back."""
        answer = executor.handler(queue_event(order_id, receives=receives), Context())
        return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def execute_all(self) -> None:
        """Execute what is on the queue, until there is nothing left."""
        while (message := self.queue.receive()) is not None:
            answer = executor.handler(queue_event(message.order_id, message.receipt), Context())
            assert answer == {"batchItemFailures": []}
            self.queue.delete(message.receipt)

    def send_webhooks(self) -> None:
        """Handle what is on the queue of webhooks, until there is nothing left."""
        while (hint := self.hook_queue.receive()) is not None:
            body = {"hookId": hint.hook_id, "orderId": hint.order_id, "clientId": hint.client_id}
            answer = webhooks.handler(message_event(body), Context())
            assert answer == {"batchItemFailures": []}

    def sweep(self) -> dict[str, int]:
        """Run the sweeper once; return what it did."""
        swept: dict[str, int] = sweeper.handler({}, Context())
        return swept

    def watch(self, seconds: float, event: Mapping[str, object] | None = None) -> dict[str, int]:
        """Run the trigger function, as its schedule does, for some seconds; return what it counted."""
        watched: dict[str, int] = trigger.handler(dict(event or {}), Context(seconds + RESERVE_S))
        return watched

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def _replay_events(self) -> None:
        waiting, self.event_replay.waiting = self.event_replay.waiting, []
        for order_id, connection in waiting:
            subscribe = {
                "orderId": order_id,
                "connectionId": connection.connection_id,
                "clientId": connection.client_id,
            }
            websocket.handler({"subscribe": subscribe}, Context())


@contextmanager
def deployed(database_url: str, log_level: str = "ERROR", **settings: int | str) -> Iterator[Deployment]:
    """Put the handlers together over a database; ``settings`` are those that are not the default."""
    given = {"database_url": database_url, "paper_latency": "none"}
    clock, push, event_replay = FakeClock(), FakePush(), FakeEventReplay()
    starter = FakeStarter()
    queue, hook_queue, post = FakeQueue(clock), FakeHookQueue(clock), FakePost()
    parts = Container(
        Settings.model_validate(given | settings),
        clock=clock,
        queue=queue,
        hook_queue=hook_queue,
        post=post,
        push=push,
        event_replay=event_replay,
        starter=starter,
    )
    with ExitStack() as stack:
        stack.callback(parts.close)
        for module in PARTS:
            stack.enter_context(patch.object(module, "container", lambda: parts))
        for logger in LOGGERS:
            level = logger.log_level
            logger.setLevel(log_level)
            stack.callback(logger.setLevel, level)
        yield Deployment(parts, clock, queue, push, event_replay, starter, hook_queue, post)


def http_event(
    method: str, path: str, query: str, headers: Fields, body: str | bytes | None
) -> dict[str, object]:
    """Return an event of an HTTP API, payload format 2.0; ``query`` as it stands in the URL."""
    is_binary = isinstance(body, bytes)
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "queryStringParameters": query_fields(query),
        "requestContext": {"http": http, "stage": "$default", "requestId": "request"},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
    }


def query_fields(query: str) -> dict[str, str]:
    """Return a query string's fields as API Gateway hands them over: of one name, joined by commas."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in fields.items()}


def socket_event(event_type: str, connection_id: str) -> dict[str, object]:
    """Return an event of a WebSocket API."""
    return {
        "requestContext": {
            "eventType": event_type,
            "connectionId": connection_id,
            "routeKey": "$default" if event_type == "MESSAGE" else f"${event_type.lower()}",
        },
        "isBase64Encoded": False,
    }


def queue_event(order_id: str, receipt: str = "receipt", receives: int = 1) -> dict[str, object]:
    """Return an event with one message of the order queue."""
    return message_event({"orderId": order_id}, receipt, receives)


def message_event(body: Fields, receipt: str = "receipt", receives: int = 1) -> dict[str, object]:
    """Return an event with one message of a queue."""
    record = {
        "messageId": body["orderId"],
        "receiptHandle": receipt,
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}
