"""Where the database is: a URL, a secret that holds one, or an Aurora DSQL cluster."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from dexec.adapters.postgres.bounded import STATEMENT_TIMEOUT_S, BoundedConnection, connect
from dexec.adapters.postgres.database import Connect
from dexec.adapters.postgres.migrations import APPLICATION_ROLE

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class DsqlTokens(Protocol):
    """What makes IAM tokens for Aurora DSQL: signed here, without a call."""

    def generate_db_connect_auth_token(self, *, Hostname: str) -> str:  # noqa: N803 - boto3's name
        """Return a token of a role that may read and write."""

    def generate_db_connect_admin_auth_token(self, *, Hostname: str) -> str:  # noqa: N803 - boto3's name
        """Return a token of the role that may do anything."""


def from_url(url: str) -> Connect:
    """Return what opens connections to ``url``."""
    return lambda: _limited(url)


def _limited(url: str) -> BoundedConnection:
    connection = connect(url)
    connection.limit_statements(STATEMENT_TIMEOUT_S)
    return connection


def from_secret(client: SecretsManagerClient, arn: str) -> Connect:
    """Return what opens connections to the URL in a secret, which is read once."""

    @cache
    def url() -> str:
        return client.get_secret_value(SecretId=arn)["SecretString"]

    def open_connection() -> BoundedConnection:
        try:
            return _limited(url())
        except (BotoCoreError, ClientError) as exc:
            raise psycopg.OperationalError("the database URL cannot be read from its secret") from exc

    return open_connection


def from_dsql(client: DsqlTokens, endpoint: str, *, admin: bool = False) -> Connect:
    """Return what opens connections to an Aurora DSQL cluster; an IAM token is the password."""
    user = "admin" if admin else APPLICATION_ROLE

    def open_connection() -> BoundedConnection:
        try:
            token = (
                client.generate_db_connect_admin_auth_token(Hostname=endpoint)
                if admin
                else client.generate_db_connect_auth_token(Hostname=endpoint)
            )
        except (BotoCoreError, ClientError) as exc:
            raise psycopg.OperationalError("no IAM token for the database") from exc
        return connect(
            "",
            host=endpoint,
            user=user,
            password=token,
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert="system",
        )

    return open_connection
