"""Warms up a deployment: sends the first requests, so that `dexec up` returns with workers started."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.aws import Aws
from infra.local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_TIMEOUT_S = 20
_NO_CONNECTION = {
    "requestContext": {"routeKey": "$disconnect", "eventType": "DISCONNECT", "connectionId": "warm-up"}
}
_NO_ORDER = {
    "Records": [
        {
            "messageId": "warm-up",
            "receiptHandle": "warm-up",
            "body": json.dumps({"orderId": f"ord_{0:032x}"}),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }
    ]
}


@contextmanager
def warming(aws: Aws, http_url: str, stack: Stack, workers: int) -> Iterator[None]:
    """Have ``workers`` processes of every function served a request by the end of the body.

    The requests change nothing: a readiness check, a disconnect of no connection, a message of no order. A
    failure is ignored: the next request of a client reports it.
    """
    # Clients may be used by several threads, but not made by several.
    functions, outputs = aws.functions, stack.outputs
    requests: list[Callable[[], None]] = [lambda: _get(f"{http_url}/ready")] * workers
    requests += [lambda: _invoke(functions, outputs["ExecutorFunction"], _NO_ORDER)] * workers
    requests += [lambda: _invoke(functions, outputs["WebSocketFunction"], _NO_CONNECTION)] * workers
    with ThreadPoolExecutor(len(requests), "warm") as pool:
        for request in requests:
            pool.submit(request)
        yield


def _get(url: str) -> None:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_S)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", address.path)
        connection.getresponse().read()
    connection.close()


def _invoke(functions: LambdaClient, function: str, event: object) -> None:
    with suppress(BotoCoreError, ClientError):
        functions.invoke(FunctionName=function, Payload=json.dumps(event))
