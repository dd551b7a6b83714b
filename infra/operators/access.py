"""The way to a deployment's database and queues: the local one's home, or an AWS stack's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError

from dexec.adapters.aws import clients as aws_clients
from dexec.adapters.aws.push import ApiGatewayPush
from dexec.adapters.aws.queue import SqsQueue
from dexec.adapters.aws.signed_http import SignedHttp
from dexec.adapters.clock import SystemClock
from dexec.adapters.postgres import sources
from dexec.adapters.postgres.control import PostgresControl
from dexec.adapters.postgres.database import Connect, Database
from dexec.adapters.postgres.operators import PostgresOperators
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.ports import Clock
from infra.local import deployment, emulator, stack
from infra.local.aws import Aws
from infra.local.errors import LocalError
from infra.local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient


class NoAccess(LocalError):
    """The stack is not there, or is not one of ours, or may not be read."""


@dataclass(frozen=True)
class Access:
    """A deployment's store, queues, connections and alarms; ``outputs`` are those of its stack."""

    stack_name: str
    outputs: dict[str, str]
    connect: Connect
    database: Database
    sqs: SQSClient
    queue: SqsQueue
    push: ApiGatewayPush
    cloudwatch: CloudWatchClient
    clock: Clock

    @property
    def order_queue_url(self) -> str:
        """The queue that feeds the executor."""
        return self.outputs["OrderQueueUrl"]

    @property
    def dead_letter_queue_url(self) -> str:
        """The queue of what the executor gave up."""
        return self.outputs["DeadLetterQueueUrl"]

    @property
    def is_dsql(self) -> bool:
        """Whether the store is Aurora DSQL."""
        return self.outputs["DatabaseKind"] == "dsql"

    @property
    def operators(self) -> PostgresOperators:
        """Keys, and orders in trouble."""
        return PostgresOperators(self.database)

    @property
    def control(self) -> PostgresControl:
        """The kill switch, and cancelling."""
        return PostgresControl(self.database)

    @property
    def orders(self) -> PostgresOrders:
        """Orders and events."""
        return PostgresOrders(self.database)


@contextmanager
def local(home: Home) -> Iterator[Access]:
    """Reach the deployment that runs under a home directory. Raises ``NotRunning``."""
    state = deployment.running(home)
    aws = Aws(state.endpoint_url)
    # API Gateway's addresses, which the outputs have, are the emulator's own here.
    outputs = stack.outputs(aws) | {"HttpUrl": state.http_url, "WebSocketUrl": state.websocket_url}
    callback = _callback_url(outputs)
    queue = SignedHttp("sqs", aws.endpoint_url, emulator.REGION, _anybody, aws_clients.QUEUE_TIMEOUT_S)
    push = SignedHttp("execute-api", callback, emulator.REGION, _anybody, aws_clients.PUSH_TIMEOUT_S)
    connect = sources.from_url(state.database_url)
    with _open(stack.NAME, outputs, connect, (aws.sqs, aws.cloudwatch), (queue, push)) as access:
        yield access


@contextmanager
def on_aws(name: str) -> Iterator[Access]:
    """Reach the stack of that name with the caller's own IAM, as boto3 finds it. Raises ``NoAccess``."""
    try:
        session = boto3.Session()
        outputs = stack_outputs(session.client("cloudformation"), name)
        sqs, cloudwatch = session.client("sqs"), session.client("cloudwatch")
        queue = aws_clients.queue_http(outputs["OrderQueueUrl"])
        push = aws_clients.push_http(_callback_url(outputs))
        connect = _database_of(outputs)
    except (BotoCoreError, ClientError) as exc:
        raise NoAccess(f"the stack {name} cannot be reached: {exc}") from exc
    except KeyError as exc:
        raise NoAccess(f"the stack {name} is none of dexec's: it has no output {exc}") from exc
    with _open(name, outputs, connect, (sqs, cloudwatch), (queue, push)) as access:
        yield access


@contextmanager
def _open(
    name: str,
    outputs: dict[str, str],
    connect: Connect,
    clients: tuple[SQSClient, CloudWatchClient],
    endpoints: tuple[SignedHttp, SignedHttp],
) -> Iterator[Access]:
    (sqs, cloudwatch), (queue, push) = clients, endpoints
    with (
        closing(Database(connect)) as database,
        closing(queue),
        closing(push),
        closing(sqs),
        closing(cloudwatch),
    ):
        yield Access(
            name,
            outputs,
            connect,
            database,
            sqs,
            SqsQueue(queue, outputs["OrderQueueUrl"]),
            ApiGatewayPush(push),
            cloudwatch,
            SystemClock(),
        )


def _callback_url(outputs: dict[str, str]) -> str:
    """Return the connection-management endpoint, which is the WebSocket's address over HTTP."""
    return outputs["WebSocketUrl"].replace("ws", "http", 1)


def stack_outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    """Return the outputs of a stack on AWS. Raises ``ClientError``."""
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _database_of(outputs: dict[str, str]) -> Connect:
    if outputs["DatabaseKind"] == "dsql":
        # An operator is no role of the functions': dsql:DbConnectAdmin is what lets a person in.
        connect = sources.from_dsql(aws_clients.dsql_token, outputs["DatabaseEndpoint"], admin=True)
    else:
        connect = sources.from_secret(aws_clients.secrets(), outputs["DatabaseSecretArn"])
    has_pipelines = outputs.get("StorePipelines", "true") == "true"
    return connect if has_pipelines else sources.without_pipelines(connect)


def _anybody() -> ReadOnlyCredentials:
    """Return credentials for an emulator, which takes any."""
    return ReadOnlyCredentials("test", "test", None)
