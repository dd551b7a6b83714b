"""Aurora DSQL: how it is reached, and how a cluster that has just been made is given its tables."""

from __future__ import annotations

import ssl
from urllib.parse import parse_qs, urlsplit

import boto3
import psycopg
import pytest

from dexec.adapters.aws import clients
from dexec.adapters.postgres import migrations
from dexec.adapters.postgres.sources import from_dsql
from dexec.adapters.tls import PUBLIC_AUTHORITIES
from tests.conftest import Server
from tests.support import dsql
from tests.support.fakes import START

ROLES = ("arn:aws:iam::111122223333:role/http", "arn:aws:iam::111122223333:role/executor")
HOST = "abc.dsql.eu-west-1.on.aws"


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no certificates named by the environment, as in Lambda."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_a_cluster_is_reached_over_tls(dsql_cluster: dsql.Cluster) -> None:
    with dsql_cluster.connect()() as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_cluster_with_a_certificate_of_others_is_not(dsql_cluster: dsql.Cluster) -> None:
    connect = from_dsql(lambda host, *, admin: "token", dsql_cluster.endpoint)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect()


def test_a_cluster_with_a_certificate_for_another_host_is_not(dsql_cluster: dsql.Cluster) -> None:
    _, _, port = dsql_cluster.endpoint.partition(":")
    authority = dsql_cluster.authority
    connect = from_dsql(lambda host, *, admin: "token", f"127.0.0.1:{port}", authorities=authority)
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connect()


def test_the_authorities_are_public_ones_and_amazon_is_among_them() -> None:
    context = ssl.create_default_context(cafile=str(PUBLIC_AUTHORITIES))
    assert any("Amazon Root CA 1" in str(found["subject"]) for found in context.get_ca_certs())


@pytest.mark.parametrize("admin", [True, False])
def test_a_token_is_the_one_that_the_client_of_dsql_makes(
    admin: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"ACCESS_KEY_ID": "AKID", "SECRET_ACCESS_KEY": "secret", "SESSION_TOKEN": "session/token+"}
    for name, value in {**own, "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.Session().client("dsql")
    make = client.generate_db_connect_admin_auth_token if admin else client.generate_db_connect_auth_token
    token = clients.dsql_token(HOST, admin=admin)
    # Both say when they were signed; the property tests of the signer hold the moment still.
    assert _fields(token) == _fields(make(Hostname=HOST))


def test_roles_are_let_in_once(dsql_cluster: dsql.Cluster, server: Server) -> None:
    for _ in range(2):
        assert migrations.migrate(dsql_cluster.connect(admin=True), START, dsql=True, role_arns=ROLES) == []
    with dsql_cluster.connect(admin=True)() as connection:
        found = connection.execute(
            "SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = 'dexec' ORDER BY arn"
        ).fetchall()
        assert [arn for (arn,) in found] == sorted(ROLES)
        assert connection.execute(
            "SELECT has_table_privilege('dexec', 'public.orders', 'SELECT, INSERT, UPDATE, DELETE')"
        ).fetchone() == (True,)


def _fields(token: str) -> dict[str, list[str]]:
    url = urlsplit(f"https://{token}")
    fields = parse_qs(url.query, strict_parsing=True) | {"host": [url.netloc], "path": [url.path]}
    for name in ("X-Amz-Date", "X-Amz-Signature"):
        assert fields.pop(name)
    return fields
