"""``dexec logs --stack``: one order's lines of all functions, found by CloudWatch Logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from dexec.domain.ids import order_id, time_of
from infra.operators import logs
from infra.operators.access import NoAccess

STACK = "dexec-test"
TEMPLATE = {
    "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "lines"}}},
    "Outputs": {"LogGroup": {"Value": {"Ref": "Logs"}}},
}
OURS = order_id(datetime.now(UTC), b"0123456789")
OTHER = order_id(datetime.now(UTC), b"9876543210")


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """Put a stack with log lines of two functions into an account that is made up."""
    given = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    with mock.patch.dict("os.environ", given), mock_aws():
        boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
        client = boto3.client("logs")
        now = round(time.time() * 1000)
        for number, (service, subject) in enumerate(
            [("http_api", OURS), ("executor", OTHER), ("executor", OURS)]
        ):
            client.create_log_stream(logGroupName="lines", logStreamName=str(number))
            line = json.dumps({"service": service, "order_id": subject, "message": "done"})
            client.put_log_events(
                logGroupName="lines",
                logStreamName=str(number),
                logEvents=[{"timestamp": now + number, "message": line}],
            )
        yield


def test_an_orders_lines_come_from_all_functions() -> None:
    found = list(logs.on_aws(STACK, OURS).read())
    assert [line.fields["service"] for line in found] == ["http_api", "executor"]
    assert {line.fields["order_id"] for line in found} == {OURS}


def test_without_an_order_the_last_hour_is_read() -> None:
    assert len(list(logs.on_aws(STACK, None).read())) == 3


def test_an_order_id_says_since_when_there_are_lines() -> None:
    accepted = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert time_of(order_id(accepted, b"0123456789")) == accepted


def test_a_stack_that_is_not_there_is_named() -> None:
    with pytest.raises(NoAccess, match="nowhere"):
        logs.on_aws("nowhere", None)
