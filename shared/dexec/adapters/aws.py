"""The one place where AWS clients are built."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from dexec.adapters.postgres.sources import DsqlTokens

_PATIENT = Config(
    connect_timeout=0.9, read_timeout=0.9, retries={"total_max_attempts": 2, "mode": "standard"}
)
"""Two tries in under two seconds: a caller that waits for an answer must not wait longer."""

_ONCE = Config(
    connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1}, max_pool_connections=32
)
"""Pushes are tried once: what fails is told later, and a hanging connection costs a second at most."""


@cache
def _session() -> boto3.Session:
    return boto3.Session()


def sqs() -> SQSClient:
    """Return a client of SQS."""
    return _session().client("sqs", config=_PATIENT)


def functions() -> LambdaClient:
    """Return a client of Lambda."""
    return _session().client("lambda", config=_PATIENT)


def secrets() -> SecretsManagerClient:
    """Return a client of Secrets Manager."""
    return _session().client("secretsmanager", config=_PATIENT)


def dsql() -> DsqlTokens:
    """Return a client of Aurora DSQL; the stubs do not know the methods that botocore adds to it."""
    return cast("DsqlTokens", _session().client("dsql", config=_PATIENT))


def connections(callback_url: str) -> ApiGatewayManagementApiClient:
    """Return a client of the connection management of the WebSocket API behind ``callback_url``."""
    return _session().client("apigatewaymanagementapi", endpoint_url=callback_url, config=_ONCE)
