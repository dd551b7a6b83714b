"""The deployment with IAM enforced: each function does its work with its own role, and can do nothing else.

The emulator gives every invocation the credentials of the function's role and judges each call by the role's
policies. What it does not judge is the database: tokens for Aurora DSQL are not asked for here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from dexec_client.raw.events import Event
from infra.local import deployment, emulator, stack
from infra.local.logs import LogReader
from tests.support.homes import new_home
from tests.system.e2e import inprocess
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import ended, messages, wait_for_clean_queues, wait_until
from tests.system.e2e.watched import ALL, seqs, socket_of, to_the_end

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ACCOUNT = f"{emulator.REGION}:000000000000"
QUEUE_ACTIONS = (
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "PurgeQueue",
    "SetQueueAttributes",
    "DeleteQueue",
)
CONSUME = {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"}
ACTIONS = {
    "sqs": [f"sqs:{action}" for action in QUEUE_ACTIONS],
    "secretsmanager": [
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:DeleteSecret",
    ],
    "execute-api": ["execute-api:ManageConnections", "execute-api:Invoke"],
    "lambda": ["lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"],
}
"""What is tried on each resource, by its service."""

DATABASE = {("secret", "secretsmanager:GetSecretValue")}
PUSH = {("connections", "execute-api:ManageConnections")}
HINT = {("webhook queue", "sqs:SendMessage")}
ENQUEUE = {("order queue", "sqs:SendMessage")} | HINT
START = {("trigger function", "lambda:InvokeFunction")}
ALLOWED: dict[str, set[tuple[str, str]]] = {
    "HttpApiFunction": DATABASE | ENQUEUE | PUSH | START | {("order queue", "sqs:GetQueueAttributes")},
    "WebSocketFunction": DATABASE
    | ENQUEUE
    | PUSH
    | START
    | {("websocket function", "lambda:InvokeFunction")},
    "ExecutorFunction": DATABASE
    | PUSH
    | HINT
    | START
    | {("order queue", f"sqs:{action}") for action in CONSUME},
    "WebhooksFunction": DATABASE | HINT | {("webhook queue", f"sqs:{action}") for action in CONSUME},
    "DeadLettersFunction": DATABASE
    | ENQUEUE
    | PUSH
    | START
    | {("dead-letter queue", f"sqs:{action}") for action in CONSUME},
    "SweeperFunction": DATABASE | ENQUEUE | PUSH | {("order queue", "sqs:GetQueueAttributes")},
    "TriggerFunction": DATABASE | ENQUEUE | PUSH | START | {("order queue", "sqs:GetQueueAttributes")},
    "MigrateFunction": DATABASE,
}


@pytest.fixture(scope="module")
def enforced() -> Iterator[Deployed]:
    with new_home() as home:
        options = deployment.Options(
            port=0, parameters={"PaperLatency": "none"}, durable=False, enforce_iam=True
        )
        try:
            yield Deployed(deployment.up(home, options).state, home)
        finally:
            deployment.down(home)


@pytest.fixture(scope="module")
def iam(enforced: Deployed) -> IAMClient:
    return session("test").client("iam", endpoint_url=enforced.endpoint_url)


def session(key: str) -> boto3.Session:
    return boto3.Session(key, key, region_name=emulator.REGION)


def role_of(enforced: Deployed, function: str) -> str:
    name = stack.outputs(enforced.aws)[function]
    return enforced.aws.functions.get_function_configuration(FunctionName=name)["Role"]


def test_unknown_callers_are_refused(enforced: Deployed) -> None:
    sqs = session("unknown").client("sqs", endpoint_url=enforced.endpoint_url)
    with pytest.raises(ClientError, match="security token"):
        sqs.list_queues()


def test_all_that_functions_do_is_allowed(enforced: Deployed) -> None:
    reader = LogReader(enforced.aws.logs, stack.outputs(enforced.aws)["LogGroup"], since=time.time() - 1)
    key = enforced.new_key()
    order_id = enforced.place(key)
    ended(enforced, [order_id])
    # A connection that opens with an order's id has the function invoke itself, which then pushes.
    assert seqs(asyncio.run(watched(enforced, key, orderId=order_id))) == ALL
    assert asyncio.run(executed_over_a_socket(enforced, key))[-1].terminal
    handed_back_and_settled(enforced, key)
    swept = enforced.aws.functions.invoke(FunctionName=stack.outputs(enforced.aws)["SweeperFunction"])
    assert "FunctionError" not in swept
    assert set(json.loads(swept["Payload"].read()).values()) == {0}
    wait_for_clean_queues(enforced)
    logged = [json.dumps(line.fields) for line in reader.read()]
    for said in ("to be redelivered", "dead letter", "swept"):
        assert any(said in line for line in logged), said
    assert not [line for line in logged if "denied" in line.lower() or "answered 403" in line]


async def watched(enforced: Deployed, key: str, **query: str) -> list[Event]:
    async with socket_of(enforced, key, **query) as socket:
        return await to_the_end(socket)


async def executed_over_a_socket(enforced: Deployed, key: str) -> list[Event]:
    async with socket_of(enforced, key) as socket:
        await socket.send(json.dumps({"action": "execute", "order": ORDER}))
        return await to_the_end(socket)


def handed_back_and_settled(enforced: Deployed, key: str) -> None:
    """Have the executor hand an order back, and the dead-letter function put it back on the queue."""
    dexec("pause", enforced)
    order_id = enforced.place(key)
    outputs = stack.outputs(enforced.aws)
    letter = json.dumps({"orderId": order_id})
    enforced.aws.sqs.send_message(QueueUrl=outputs["DeadLetterQueueUrl"], MessageBody=letter)
    wait_until(lambda: messages(enforced)["DeadLetterQueueUrl"] == 0, "the letter is settled")
    dexec("resume", enforced)
    ended(enforced, [order_id])


def dexec(command: str, enforced: Deployed) -> None:
    assert enforced.home is not None
    ran = inprocess.run(command, "--home", str(enforced.home.root))
    assert ran.returncode == 0, ran.stderr


def test_a_role_that_is_denied_something_cannot_do_it(enforced: Deployed, iam: IAMClient) -> None:
    with denied(iam, role_of(enforced, "HttpApiFunction"), "sqs:SendMessage"), enforced.client() as client:
        assert client.post("api/orders/execute", json=ORDER).status_code == 503
    assert enforced.place()


@contextmanager
def denied(iam: IAMClient, role_arn: str, action: str) -> Iterator[None]:
    role = role_arn.rsplit("/", 1)[-1]
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")


@pytest.fixture(scope="module")
def resources(enforced: Deployed) -> dict[str, str]:
    """Return what the roles may try, ours and what is not, by the names that ``ALLOWED`` uses."""
    outputs, functions = stack.outputs(enforced.aws), enforced.aws.functions

    def queue(name: str) -> str:
        found = enforced.aws.sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    def function(name: str) -> str:
        return functions.get_function_configuration(FunctionName=outputs[name])["FunctionArn"]

    api = f"arn:aws:execute-api:{ACCOUNT}"
    return {
        "order queue": queue("OrderQueueUrl"),
        "dead-letter queue": queue("DeadLetterQueueUrl"),
        "webhook queue": queue("WebhookQueueUrl"),
        "another stack's queue": f"arn:aws:sqs:{ACCOUNT}:other-OrderQueue-1",
        "secret": outputs["DatabaseSecretArn"],
        "another secret": f"arn:aws:secretsmanager:{ACCOUNT}:secret:other-AbCdEf",
        "connections": f"{api}:{outputs['WebSocketApiId']}/live/POST/@connections/abc=",
        "another stage's connections": f"{api}:{outputs['WebSocketApiId']}/test/POST/@connections/abc=",
        "another API's connections": f"{api}:0therapi00/live/POST/@connections/abc=",
        "websocket function": function("WebSocketFunction"),
        "trigger function": function("TriggerFunction"),
        "executor function": function("ExecutorFunction"),
        "another stack's function": f"arn:aws:lambda:{ACCOUNT}:function:other-WebSocketFunction-1",
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_a_role_may_do_on_its_resources_what_it_has_to_and_on_others_nothing(
    function: str, enforced: Deployed, iam: IAMClient, resources: dict[str, str]
) -> None:
    role = role_of(enforced, function)
    allowed = set()
    for name, arn in resources.items():
        tried = ACTIONS[arn.split(":")[2]]
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=tried, ResourceArns=[arn])
        results = answer["EvaluationResults"]
        assert [result["EvalActionName"] for result in results] == tried
        allowed |= {(name, r["EvalActionName"]) for r in results if r["EvalDecision"] == "allowed"}
    assert allowed == ALLOWED[function]
