"""What a function imports before its first request, and what it never does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.home import PROJECT

STARTING = """
import sys
import app
print(*sys.modules)
"""
ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "DSQL_ENDPOINT": "abc.dsql.eu-west-1.on.aws",
    "ORDER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/orders",
    "WEBHOOK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/webhooks",
    "WEBSOCKET_CALLBACK_URL": "https://abc.execute-api.eu-west-1.amazonaws.com/live",
}
NEEDED = {
    "http_api": {"dexec.usecases.place_order", "dexec.adapters.postgres.orders", "dexec.adapters.aws.queue"},
    "websocket": {"dexec.usecases.place_order", "dexec.usecases.watch_orders", "dexec.adapters.aws.push"},
    "dead_letters": {"dexec.batches"},
    "executor": {"dexec.usecases.execute_order", "dexec.adapters.aws.push", "solders"},
    "trigger": {"dexec.adapters.postgres.waiting", "dexec.adapters.aws.queue"},
    "webhooks": {"dexec.usecases.deliver_webhooks", "dexec.adapters.post", "dexec.adapters.aws.hook_queue"},
}


WITHOUT_SIGNING = """
import sys
from dexec.bootstrap import Container
from dexec.settings import Settings
chain = Container(Settings(database_url="postgresql://nowhere")).chain
for part in sys.argv[1:]:
    getattr(chain, part)
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("parts", "unneeded"),
    [
        (["venues", "outcomes", "wallets"], {"solders", "dexec.adapters.paper.cluster"}),
        (["outcomes", "wallets"], {"solders", "dexec.adapters.paper.market", "dexec.adapters.paper.pools"}),
        ([], {"dexec.adapters.paper.ledger", "dexec.adapters.paper.market", "psycopg"}),
    ],
)
def test_a_part_of_the_chain_imports_what_it_needs(parts: list[str], unneeded: set[str]) -> None:
    """Only the executor's package holds what signs."""
    assert not unneeded & _imported(WITHOUT_SIGNING, *parts)


@pytest.mark.parametrize("function", NEEDED)
def test_a_start_imports_what_requests_need_and_no_sdk(function: str) -> None:
    imported = _imported(STARTING, beside=PROJECT / "functions" / function)
    assert imported >= NEEDED[function]
    assert not {"botocore.session", "botocore.client", "boto3"} & imported
    if function in ("executor", "dead_letters"):
        assert "dexec.api.inputs" not in imported, "no client speaks to it: it needs no models of bodies"
        assert "aws_lambda_powertools.utilities.parser" not in imported
    if function == "websocket":
        assert "dexec.domain.routing" not in imported, "it routes nothing"


def _imported(program: str, *arguments: str, beside: Path = PROJECT) -> set[str]:
    """Return the modules that a process has imported at the end of a program, which lies in a folder."""
    paths = os.pathsep.join([str(beside), str(PROJECT / "shared"), *sys.path])
    started = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**ENVIRON, "PYTHONPATH": paths, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(started.stdout.split())
