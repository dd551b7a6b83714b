"""Sets the properties that an emulator drops when it deploys a stack, and verifies the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from infra.local import template
from infra.local.aws import Aws
from infra.local.errors import DeployFailed
from infra.local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_WEBSOCKET_ROUTES = {"$connect", "$default", "$disconnect"}


def complete(aws: Aws, stack: Stack) -> None:
    """Set what the emulator dropped. Raises ``DeployFailed`` naming everything that is still missing."""
    differences = [
        f"{what}: expected {expected}, found {found}"
        for what, expected, found in (check(aws, stack) for check in _CHECKS)
        if expected != found
    ]
    if differences:
        raise DeployFailed("the deployment is not what the template says:\n" + "\n".join(differences))


Difference = tuple[str, object, object]
"""What was compared, what the template says, what the emulator says."""


def _reserved_concurrency(aws: Aws, stack: Stack) -> Difference:
    name = stack.outputs["ExecutorFunction"]
    reserved = stack.parameters["ReserveConcurrency"] == "true"
    expected = int(stack.parameters["MaxConcurrency"]) if reserved else None
    if expected is not None:
        aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=expected)
    found = aws.functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    return "reserved concurrency of the executor", expected, found


def _mapping(aws: Aws, stack: Stack) -> Difference:
    uuid = stack.outputs["ExecutorMapping"]
    expected = (int(stack.parameters["MaxConcurrency"]), 1, ["ReportBatchItemFailures"], "Enabled")
    # Always set: the template's numbers arrive there as strings, read back as numbers, and stop its poller.
    aws.functions.update_event_source_mapping(
        UUID=uuid,
        BatchSize=1,
        Enabled=True,
        ScalingConfig={"MaximumConcurrency": expected[0]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    return "mapping of the executor", expected, _mapping_settings(aws, uuid)


def _mapping_settings(aws: Aws, uuid: str) -> tuple[int | None, int | None, list[str], str | None]:
    found = aws.functions.get_event_source_mapping(UUID=uuid)
    scaling = found.get("ScalingConfig") or {}
    responses = cast("list[str]", found.get("FunctionResponseTypes", []))
    return scaling.get("MaximumConcurrency"), found.get("BatchSize"), responses, found.get("State")


def _redrive(aws: Aws, stack: Stack) -> Difference:
    def attributes(queue: str) -> Mapping[QueueAttributeNameType, str]:
        return aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    target = attributes(stack.outputs["DeadLetterQueueUrl"])["QueueArn"]
    queue = attributes(stack.outputs["OrderQueueUrl"])
    policy = json.loads(queue.get("RedrivePolicy", "{}"))
    expected = (target, stack.parameters["MaxReceives"], stack.parameters["QueueVisibility"])
    receives = str(policy.get("maxReceiveCount"))
    found = (policy.get("deadLetterTargetArn"), receives, queue.get("VisibilityTimeout"))
    return "redrive policy and visibility of the order queue", expected, found


def _http_routes(aws: Aws, stack: Stack) -> Difference:
    expected = set(template.routes(stack.template))
    return "routes of the HTTP API", expected, _routes(aws, stack.outputs["HttpApiId"])


def _websocket_routes(aws: Aws, stack: Stack) -> Difference:
    return "routes of the WebSocket API", _WEBSOCKET_ROUTES, _routes(aws, stack.outputs["WebSocketApiId"])


def _routes(aws: Aws, api_id: str) -> set[str]:
    return {route["RouteKey"] for route in aws.apigateway.get_routes(ApiId=api_id, MaxResults="500")["Items"]}


def _cors(aws: Aws, stack: Stack) -> Difference:
    api_id = stack.outputs["HttpApiId"]
    expected = [stack.parameters["CorsOrigin"]]
    if _origins(aws, api_id) != expected:
        aws.apigateway.update_api(ApiId=api_id, CorsConfiguration=template.cors(stack.template, expected))
    return "CORS origins of the HTTP API", expected, _origins(aws, api_id)


def _origins(aws: Aws, api_id: str) -> list[str]:
    return aws.apigateway.get_api(ApiId=api_id).get("CorsConfiguration", {}).get("AllowOrigins", [])


_CHECKS: tuple[Callable[[Aws, Stack], Difference], ...] = (
    _reserved_concurrency,
    _mapping,
    _redrive,
    _http_routes,
    _websocket_routes,
    _cors,
)
