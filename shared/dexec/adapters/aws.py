"""The one place where AWS clients are built, and where their time-outs stand."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config

from dexec.adapters.signed_http import SignedHttp
from dexec.adapters.sigv4 import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from dexec.adapters.postgres.sources import DsqlTokens

QUEUE_TIMEOUT_S = 0.9
"""Two tries in under two seconds: a caller that waits for an answer must not wait longer."""

PUSH_TIMEOUT_S = 1.0
"""A connection that hangs costs a second at most."""

_PATIENT = Config(
    connect_timeout=QUEUE_TIMEOUT_S,
    read_timeout=QUEUE_TIMEOUT_S,
    retries={"total_max_attempts": 2, "mode": "standard"},
)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _credentials() -> Credentials:
    """Return the caller's credentials as they are now: botocore renews those that end."""
    found = _session().get_credentials()
    frozen = None if found is None else found.get_frozen_credentials()
    if frozen is None or frozen.access_key is None or frozen.secret_key is None:
        raise OSError("no AWS credentials")
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _region() -> str:
    return _session().get_config_variable("region") or "us-east-1"


def _endpoint(default: str) -> str:
    """Return the endpoint that AWS's own variable names, as an emulator sets it, or else ``default``."""
    return os.environ.get("AWS_ENDPOINT_URL") or default


def queue_http(queue_url: str) -> SignedHttp:
    """Return what posts to the SQS endpoint of a queue."""
    url = urlsplit(queue_url)
    endpoint = _endpoint(f"{url.scheme}://{url.netloc}")
    return SignedHttp("sqs", endpoint, _region(), _credentials, QUEUE_TIMEOUT_S)


def push_http(callback_url: str) -> SignedHttp:
    """Return what posts to the connection management of the WebSocket API behind ``callback_url``."""
    return SignedHttp("execute-api", callback_url, _region(), _credentials, PUSH_TIMEOUT_S)


def functions_http(url_suffix: str) -> SignedHttp:
    """Return what posts to Lambda, whose domain is that of the partition (AWS::URLSuffix)."""
    region = _region()
    endpoint = _endpoint(f"https://lambda.{region}.{url_suffix}")
    return SignedHttp("lambda", endpoint, region, _credentials, QUEUE_TIMEOUT_S)


def secrets() -> SecretsManagerClient:
    """Return a client of Secrets Manager."""
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_PATIENT))


def dsql() -> DsqlTokens:
    """Return a client of Aurora DSQL, which signs tokens without a call."""
    return cast("DsqlTokens", _session().create_client("dsql", config=_PATIENT))
