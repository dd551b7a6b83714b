"""Where the store is, and how it is talked to: said once, for functions and operators alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import psycopg
import pytest

from dexec.adapters.postgres import sources
from dexec.adapters.postgres.connection import BoundedConnection, Connect
from dexec.bootstrap import Container
from dexec.settings import Settings
from infra.operators import access

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

QUEUE_AND_SOCKETS = {"OrderQueueUrl": "https://sqs/orders", "WebSocketUrl": "wss://sockets/live"}


class Opened:
    """Stands for a connection, which none of this uses."""

    has_pipelines = True


def opening(*_: object, **__: object) -> Connect:
    return lambda: cast(BoundedConnection, Opened())


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no database be reached."""
    monkeypatch.setattr(sources, "from_dsql", opening)
    monkeypatch.setattr(sources, "from_url", opening)


@pytest.mark.parametrize("said", ["true", "false", ""])
def test_functions_do_as_their_variable_says(said: str) -> None:
    environ = {"DSQL_ENDPOINT": "cluster", "STORE_PIPELINES": said}
    parts = Container(Settings.from_environ(environ))
    assert parts.connect().has_pipelines == (said != "false")


@pytest.mark.parametrize("said", ["true", "false", None])
def test_operators_do_as_the_output_of_the_stack_says(said: str | None) -> None:
    outputs = {"DatabaseKind": "dsql", "DatabaseEndpoint": "cluster", **QUEUE_AND_SOCKETS}
    parts = access.container_for(outputs if said is None else outputs | {"StorePipelines": said})
    assert parts.connect().has_pipelines == (said != "false")


def test_a_secret_is_read_once_and_again_where_its_url_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets, read, valid = ["old", "new", "new"], list[str](), {"old"}

    class Client:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
            read.append(SecretId)
            return {"SecretString": secrets[len(read) - 1]}

    def limited(url: str) -> BoundedConnection:
        if url not in valid:
            raise psycopg.OperationalError(f"password authentication failed with {url}")
        return cast(BoundedConnection, Opened())

    monkeypatch.setattr(sources, "_limited", limited)
    connect = sources.from_secret(cast("SecretsManagerClient", Client()), "arn")
    assert connect()
    assert connect()
    assert read == ["arn"]
    valid.clear()
    valid.add("new")
    assert connect()
    assert connect()
    assert read == ["arn"] * 2
    valid.clear()
    with pytest.raises(psycopg.OperationalError, match="with new"):
        connect()
    assert read == ["arn"] * 3
