"""Builds AWS clients, with their time-outs."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from dexec.adapters.aws.signed_http import SignedHttp

if TYPE_CHECKING:
    import botocore.session
    from mypy_boto3_secretsmanager import SecretsManagerClient

QUEUE_TIMEOUT_S = 0.9
"""Two tries in under two seconds: callers must not wait longer for an answer."""

PUSH_TIMEOUT_S = 1.0
"""A connection that hangs costs a second at most."""

TOKEN_LIFE_S = 900
"""How long an IAM token lets connections be opened; those that are open stay so."""


@cache
def _session() -> botocore.session.Session:
    """Return botocore's session, imported where the environment does not say all: it takes a while."""
    import botocore.session

    return botocore.session.get_session()


def _credentials() -> ReadOnlyCredentials:
    """Return the caller's credentials as they are now, where botocore would find them.

    Those of the environment come first, as Lambda's do; others botocore finds, and renews when they end.
    """
    access_key, secret_key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key and "AWS_PROFILE" not in os.environ:
        return ReadOnlyCredentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN"))
    found = _session().get_credentials()
    frozen = None if found is None else found.get_frozen_credentials()
    if frozen is None or frozen.access_key is None or frozen.secret_key is None:
        raise OSError("no AWS credentials")
    return frozen


def _region() -> str:
    named = os.environ.get("AWS_DEFAULT_REGION")
    return named or _session().get_config_variable("region") or "us-east-1"


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
    from botocore.config import Config

    patient = Config(
        connect_timeout=QUEUE_TIMEOUT_S,
        read_timeout=QUEUE_TIMEOUT_S,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=patient))


def dsql_token(host: str, *, admin: bool) -> str:
    """Return an IAM token for an Aurora DSQL cluster: a presigned request, without its scheme.

    Raises ``OSError`` where there are no credentials.
    """
    params = {"Action": "DbConnectAdmin" if admin else "DbConnect"}
    request = AWSRequest("GET", f"https://{host}/", params=params)
    SigV4QueryAuth(_credentials(), "dsql", _region(), expires=TOKEN_LIFE_S).add_auth(request)
    return str(request.url).removeprefix("https://")
