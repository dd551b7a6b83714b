"""Where the database is: a URL, a secret that holds one, or an Aurora DSQL cluster."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg

from dexec.adapters.postgres.connection import BoundedConnection, Connect, connect
from dexec.adapters.postgres.migrations import APPLICATION_ROLE
from dexec.adapters.tls import PUBLIC_AUTHORITIES

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class DsqlTokens(Protocol):
    """What makes IAM tokens for Aurora DSQL: signed here, without a call."""

    def __call__(self, host: str, *, admin: bool) -> str:
        """Return a password for ``host``, as its administrator or as a role that reads and writes.

        Raises ``OSError`` where there are no credentials.
        """


def from_url(url: str) -> Connect:
    """Return what opens connections to ``url``."""
    return lambda: _limited(url)


def _limited(url: str) -> BoundedConnection:
    connection = connect(url)
    connection.begin_session()
    return connection


def from_secret(client: SecretsManagerClient, arn: str) -> Connect:
    """Return what opens connections to the URL in a secret, which is read once, and when it does not work.

    A password that was changed is thus used by functions that run already.
    """

    @cache
    def url() -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return client.get_secret_value(SecretId=arn)["SecretString"]
        except (BotoCoreError, ClientError) as exc:
            raise psycopg.OperationalError("the database URL cannot be read from its secret") from exc

    def open_connection() -> BoundedConnection:
        known = url()
        try:
            return _limited(known)
        except psycopg.OperationalError:
            url.cache_clear()
            if url() == known:
                raise
        return _limited(url())

    return open_connection


def from_dsql(
    tokens: DsqlTokens, endpoint: str, *, admin: bool = False, authorities: Path = PUBLIC_AUTHORITIES
) -> Connect:
    """Return what opens connections to an Aurora DSQL cluster; an IAM token is the password.

    ``endpoint`` is ``host`` or ``host:port``; ``authorities`` are the certificates (PEM) to trust.
    """
    user = "admin" if admin else APPLICATION_ROLE
    host, _, port = endpoint.partition(":")

    def open_connection() -> BoundedConnection:
        try:
            token = tokens(host, admin=admin)
        except OSError as exc:
            raise psycopg.OperationalError("no IAM token for the database") from exc
        return connect(
            "",
            host=host,
            port=port or "5432",
            user=user,
            password=token,
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert=str(authorities),
            # TLS from the first byte: one round trip less, and nothing is said before it.
            sslnegotiation="direct",
        )

    return open_connection


def without_pipelines(connect: Connect) -> Connect:
    """Return what opens the same connections, over which statements go out one after the other."""

    def open_connection() -> BoundedConnection:
        connection = connect()
        connection.has_pipelines = False
        return connection

    return open_connection
