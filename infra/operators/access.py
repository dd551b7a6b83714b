"""Access to a deployment's database and queues: by the local home, or by an AWS stack's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError

from dexec.adapters.aws import clients as aws_clients
from dexec.adapters.aws.push import ApiGatewayPush
from dexec.adapters.aws.queue import SqsQueue
from dexec.adapters.aws.signed_http import SignedHttp
from dexec.bootstrap import Container
from dexec.connecting import connect_to
from dexec.settings import Settings
from infra.local import deployment, emulator, stack
from infra.local.aws import Aws
from infra.local.errors import LocalError
from infra.local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient


class NoAccess(LocalError):
    """The stack does not exist, is not a dexec stack, or may not be read."""


@dataclass(frozen=True)
class Access:
    """A deployment: its parts as the functions have them, its queues and alarms, its stack's outputs."""

    stack_name: str
    outputs: dict[str, str]
    parts: Container
    sqs: SQSClient
    cloudwatch: CloudWatchClient

    @property
    def order_queue_url(self) -> str:
        """The queue that feeds the executor."""
        return self.outputs["OrderQueueUrl"]

    @property
    def dead_letter_queue_url(self) -> str:
        """The dead-letter queue."""
        return self.outputs["DeadLetterQueueUrl"]


@contextmanager
def local(home: Home) -> Iterator[Access]:
    """Reach the deployment that runs under a home directory. Raises ``NotRunning``."""
    state = deployment.running(home)
    aws = Aws(state.endpoint_url)
    # API Gateway's addresses, which the outputs have, are the emulator's own here.
    outputs = stack.outputs(aws) | {"HttpUrl": state.http_url, "WebSocketUrl": state.websocket_url}
    settings = Settings.from_environ({"DATABASE_URL": state.database_url})
    queue = SignedHttp("sqs", aws.endpoint_url, emulator.REGION, _anybody, aws_clients.QUEUE_TIMEOUT_S)
    push = SignedHttp(
        "execute-api", _callback_url(outputs), emulator.REGION, _anybody, aws_clients.PUSH_TIMEOUT_S
    )
    order_queue = SqsQueue(queue, outputs["OrderQueueUrl"])
    parts = Container(settings, queue=order_queue, push=ApiGatewayPush(push))
    access = Access(stack.NAME, outputs, parts, aws.sqs, aws.cloudwatch)
    with closing(queue), closing(push), _open(access):
        yield access


@contextmanager
def on_aws(name: str) -> Iterator[Access]:
    """Reach the stack of that name with the caller's own IAM, as boto3 finds it. Raises ``NoAccess``."""
    # Loading it takes a tenth of a command's time, and a local deployment does without.
    import boto3

    try:
        session = boto3.Session()
        outputs = stack_outputs(session.client("cloudformation"), name)
        parts = container_for(outputs)
        # Whatever is missing for them is said here, not in the middle of a command.
        _ = parts.queue, parts.push
        access = Access(name, outputs, parts, session.client("sqs"), session.client("cloudwatch"))
    except (BotoCoreError, ClientError) as exc:
        raise NoAccess(f"the stack {name} cannot be reached: {exc}") from exc
    except KeyError as exc:
        raise NoAccess(f"the stack {name} is not a dexec stack: it has no output {exc}") from exc
    with _open(access):
        yield access


def container_for(outputs: dict[str, str]) -> Container:
    """Return the parts of a stack on AWS. Raises ``KeyError`` for an output that is not there."""
    if outputs["DatabaseKind"] == "dsql":
        database = {"DSQL_ENDPOINT": outputs["DatabaseEndpoint"]}
    else:
        database = {"DATABASE_SECRET_ARN": outputs["DatabaseSecretArn"]}
    environ = {
        "STORE_PIPELINES": outputs.get("StorePipelines", "true"),
        "ORDER_QUEUE_URL": outputs["OrderQueueUrl"],
        "WEBSOCKET_CALLBACK_URL": _callback_url(outputs),
    }
    settings = Settings.from_environ(environ | database)
    # An operator is no role of the functions': dsql:DbConnectAdmin is what lets a person in.
    return Container(settings, connect=connect_to(settings, admin=True))


@contextmanager
def _open(access: Access) -> Iterator[Access]:
    with closing(access.parts), closing(access.sqs), closing(access.cloudwatch):
        yield access


def _callback_url(outputs: dict[str, str]) -> str:
    """Return the connection-management endpoint, which is the WebSocket's address over HTTP."""
    return outputs["WebSocketUrl"].replace("ws", "http", 1)


def stack_outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    """Return the outputs of a stack on AWS. Raises ``ClientError``."""
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _anybody() -> ReadOnlyCredentials:
    """Return credentials for an emulator, which takes any."""
    return ReadOnlyCredentials("test", "test", None)
