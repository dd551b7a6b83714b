"""What CloudFormation made of template.yaml, read back from the emulator."""

from __future__ import annotations

import pytest

from infra.local import readback, stack, template
from infra.local.errors import DeployFailed
from infra.local.home import PROJECT
from infra.local.stack import Stack
from tests.system.e2e.deployed import Deployed


@pytest.fixture
def deployed_stack(deployment: Deployed) -> Stack:
    return stack.read(deployment.aws, template.load(PROJECT / "template.yaml"))


def test_the_mappings_take_one_message_and_report_failures(
    deployment: Deployed, deployed_stack: Stack
) -> None:
    for mapping, width in (("ExecutorMapping", 10), ("DeadLettersMapping", 2)):
        found = deployment.aws.functions.get_event_source_mapping(UUID=deployed_stack.outputs[mapping])
        assert found["BatchSize"] == 1
        assert found["ScalingConfig"] == {"MaximumConcurrency": width}
        assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert found["State"] == "Enabled"


def test_every_route_of_the_template_is_served(deployment: Deployed, deployed_stack: Stack) -> None:
    found = deployment.aws.apigateway.get_routes(ApiId=deployed_stack.outputs["HttpApiId"])["Items"]
    assert {route["RouteKey"] for route in found} == set(template.routes(deployed_stack.template))
    with deployment.client() as client:
        assert client.get("health").is_success
        assert client.get("api/tokens").is_success
        assert client.get("nowhere").status_code == 404


def test_what_is_missing_after_a_deployment_is_said(deployment: Deployed, deployed_stack: Stack) -> None:
    api = deployment.aws.apigateway
    api_id = deployed_stack.outputs["HttpApiId"]
    route = next(r for r in api.get_routes(ApiId=api_id)["Items"] if r["RouteKey"] == "GET /health")
    api.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    try:
        with pytest.raises(DeployFailed, match="routes of the HTTP API"):
            readback.complete(deployment.aws, deployed_stack)
    finally:
        api.create_route(ApiId=api_id, RouteKey=route["RouteKey"], Target=route["Target"])
    readback.complete(deployment.aws, deployed_stack)


def test_what_the_emulator_dropped_is_set_again(deployment: Deployed, deployed_stack: Stack) -> None:
    name = deployed_stack.outputs["ExecutorFunction"]
    deployment.aws.functions.delete_function_concurrency(FunctionName=name)
    readback.complete(deployment.aws, deployed_stack)
    found = deployment.aws.functions.get_function_concurrency(FunctionName=name)
    assert found["ReservedConcurrentExecutions"] == 10
