"""Baseline of the emulator: an order's path through functions that do nothing.

A request, a message, an execution: no database, no route, no push. It bounds what any engine can reach on
this machine at this hour: ``python -m infra.lab.bench.bare``.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.lab.bench.kept_http import KeptHttp
from infra.local import emulator
from infra.local.aws import Aws
from infra.local.home import Home

ORDERS = 500
CONNECTIONS = 8
EXECUTORS = 10
_ROLE = "arn:aws:iam::000000000000:role/bare"
_ACCEPT = """
import http.client, json, os
from urllib.parse import urlsplit

kept = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}

def handler(event, context):
    message = {"QueueUrl": os.environ["QUEUE_URL"], "MessageBody": event["body"]}
    kept.request("POST", "/", json.dumps(message), headers)
    kept.getresponse().read()
    return {"statusCode": 202, "body": "{}"}
"""
_EXECUTE = "def handler(event, context):\n    return {}\n"


def measure(runs: int) -> list[float]:
    """Return the orders a second of some bursts. Raises ``StartFailed``."""
    with _emulator() as aws:
        queue_url, http_url = _deploy(aws)
        return [asyncio.run(_burst(aws, queue_url, http_url)) for _ in range(runs + 1)][1:]


@contextmanager
def _emulator() -> Iterator[Aws]:
    with tempfile.TemporaryDirectory(prefix="dexec-bench-", ignore_cleanup_errors=True) as root:
        home = Home(Path(root).resolve())
        process = emulator.start(home, 0)
        try:
            yield Aws(emulator.url(process.port))
        finally:
            emulator.stop(home, process)


def _deploy(aws: Aws) -> tuple[str, str]:
    """Return the queue's URL and the HTTP API's."""
    queue_url = aws.sqs.create_queue(QueueName="bare")["QueueUrl"]
    accept = _function(aws, "accept", _ACCEPT, QUEUE_URL=queue_url)
    _function(aws, "execute", _EXECUTE)
    attributes = aws.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    aws.functions.create_event_source_mapping(
        EventSourceArn=attributes["QueueArn"],
        FunctionName="execute",
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": EXECUTORS},
    )
    return queue_url, f"{aws.endpoint_url}/_aws/execute-api/{_api(aws, accept)}"


def _api(aws: Aws, function_arn: str) -> str:
    """Return the id of an HTTP API that hands all requests to one function."""
    api_id = aws.apigateway.create_api(Name="bare", ProtocolType="HTTP")["ApiId"]
    integration = aws.apigateway.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )
    target = f"integrations/{integration['IntegrationId']}"
    aws.apigateway.create_route(ApiId=api_id, RouteKey="$default", Target=target)
    aws.apigateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return api_id


def _function(aws: Aws, name: str, source: str, **environment: str) -> str:
    made = aws.functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role=_ROLE,
        Code={"ZipFile": zipped(source)},
        Environment={"Variables": environment},
    )
    return made["FunctionArn"]


def zipped(source: str) -> bytes:
    """Return the code of a function whose handler is ``app.handler``, as Lambda takes it."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        # Without the time: the same source is the same code, whenever it is packed.
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, source)
    return code.getvalue()


async def _burst(aws: Aws, queue_url: str, http_url: str) -> float:
    """Return orders a second, from the first request until the last message is done with."""
    async with KeptHttp(http_url, {"content-type": "application/json"}, CONNECTIONS) as http:
        await http.open(CONNECTIONS)
        started = time.perf_counter()
        answers = await asyncio.gather(*(http.request("POST", "/", b"{}") for _ in range(ORDERS)))
        for answer in answers:
            if answer.status != 202:
                raise RuntimeError(f"the emulator answered {answer.status}: {answer.body[:200]!r}")
        while await asyncio.to_thread(_left, aws, queue_url):
            await asyncio.sleep(0.02)
        return ORDERS / (time.perf_counter() - started)


def _left(aws: Aws, queue_url: str) -> int:
    """Return how many messages wait or are being executed."""
    answer = aws.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    found = answer["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


if __name__ == "__main__":
    print(json.dumps([round(rate, 1) for rate in measure(5)]))
