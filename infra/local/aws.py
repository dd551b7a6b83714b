"""boto3 clients of an AWS emulator."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from infra.local.emulator import REGION

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


class Aws:
    """Clients of one emulator, each made when it is first asked for.

    Without ``endpoint_url``, ``AWS_ENDPOINT_URL`` or ``LOCALSTACK_HOST`` say where it is, else it is
    where LocalStack usually is. Proxies of the environment are for the internet, not for it.
    """

    def __init__(self, endpoint_url: str | None = None) -> None:
        self.endpoint_url = endpoint_url or _usual_endpoint()
        self._config = Config(
            proxies={},
            retries={"total_max_attempts": 2},
            s3={"addressing_style": "path"},
            read_timeout=120,
            max_pool_connections=32,
        )

    @classmethod
    def load(cls) -> None:
        """Read the descriptions of the services that a deployment uses, before there is an endpoint."""
        aws = cls("http://localhost")
        for client in (aws.secrets, aws.cloudformation, aws.s3, aws.functions, aws.sqs, aws.apigateway):
            client.close()

    @cached_property
    def apigateway(self) -> ApiGatewayV2Client:
        """HTTP and WebSocket APIs."""
        return cast("ApiGatewayV2Client", self._client("apigatewayv2"))

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Stacks."""
        return cast("CloudFormationClient", self._client("cloudformation"))

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Metrics and alarms."""
        return cast("CloudWatchClient", self._client("cloudwatch"))

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda functions and their mappings."""
        return cast("LambdaClient", self._client("lambda"))

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch logs."""
        return cast("CloudWatchLogsClient", self._client("logs"))

    @cached_property
    def s3(self) -> S3Client:
        """Buckets, for what is deployed."""
        return cast("S3Client", self._client("s3"))

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Secrets, for the database's URL."""
        return cast("SecretsManagerClient", self._client("secretsmanager"))

    @cached_property
    def sqs(self) -> SQSClient:
        """Queues."""
        return cast("SQSClient", self._client("sqs"))

    def _client(self, service: str) -> object:
        # The keys of the account's root, which an emulator that enforces IAM asks for.
        return _session().create_client(
            service,
            REGION,
            endpoint_url=self.endpoint_url,
            verify=False,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106
            config=self._config,
        )


@cache
def _session() -> Session:
    """Return the session of all clients, which reads the description of a service once."""
    return Session()


def _usual_endpoint() -> str:
    from localstack_client import config  # type: ignore[import-untyped]

    return cast(str, config.get_service_endpoint("cloudformation"))
