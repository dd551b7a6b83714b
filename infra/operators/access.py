"""The way to a deployment's database and queues: the local one's home, or an AWS stack's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dexec.adapters import aws as aws_clients
from dexec.adapters.clock import SystemClock
from dexec.adapters.postgres import sources
from dexec.adapters.postgres.control import PostgresControl
from dexec.adapters.postgres.database import Connect, Database
from dexec.adapters.postgres.operators import PostgresOperators
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.signed_http import SignedHttp
from dexec.adapters.sigv4 import Credentials
from dexec.adapters.sqs import SqsQueue
from dexec.ports import Clock
from infra.local import deployment, emulator, stack
from infra.local.aws import Aws
from infra.local.errors import LocalError
from infra.local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient


class NoAccess(LocalError):
    """The stack is not there, or is not one of ours, or may not be read."""


@dataclass(frozen=True)
class Access:
    """A deployment's store and queues."""

    database: Database
    sqs: SQSClient
    queue: SqsQueue
    order_queue_url: str
    dead_letter_queue_url: str
    clock: Clock

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
    outputs = stack.outputs(aws)
    http = SignedHttp("sqs", aws.endpoint_url, emulator.REGION, _anybody, aws_clients.QUEUE_TIMEOUT_S)
    with _open(sources.from_url(state.database_url), aws.sqs, http, outputs) as access:
        yield access


@contextmanager
def on_aws(name: str) -> Iterator[Access]:
    """Reach the stack of that name with the caller's own IAM, as boto3 finds it. Raises ``NoAccess``."""
    try:
        session = boto3.Session()
        outputs = stack_outputs(session.client("cloudformation"), name)
        sqs = session.client("sqs")
        http = aws_clients.queue_http(outputs["OrderQueueUrl"])
        connect = _database_of(outputs)
    except (BotoCoreError, ClientError) as exc:
        raise NoAccess(f"the stack {name} cannot be reached: {exc}") from exc
    except KeyError as exc:
        raise NoAccess(f"the stack {name} is none of dexec's: it has no output {exc}") from exc
    with _open(connect, sqs, http, outputs) as access:
        yield access


@contextmanager
def _open(
    connect: Connect, sqs: SQSClient, http: SignedHttp, outputs: dict[str, str]
) -> Iterator[Access]:
    url = outputs["OrderQueueUrl"]
    with closing(Database(connect)) as database, closing(http), closing(sqs):
        yield Access(database, sqs, SqsQueue(http, url), url, outputs["DeadLetterQueueUrl"], SystemClock())


def stack_outputs(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    """Return the outputs of a stack on AWS. Raises ``ClientError``."""
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _database_of(outputs: dict[str, str]) -> Connect:
    if outputs["DatabaseKind"] == "dsql":
        # An operator is no role of the functions': dsql:DbConnectAdmin is what lets a person in.
        return sources.from_dsql(aws_clients.dsql(), outputs["DatabaseEndpoint"], admin=True)
    return sources.from_secret(aws_clients.secrets(), outputs["DatabaseSecretArn"])


def _anybody() -> Credentials:
    """Return credentials for an emulator, which takes any."""
    return Credentials("test", "test")
