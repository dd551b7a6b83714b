"""What a function imports before its first request, and what it never does."""

from __future__ import annotations

import os
import subprocess
import sys

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
    "WEBSOCKET_CALLBACK_URL": "https://abc.execute-api.eu-west-1.amazonaws.com/live",
}
NEEDED = {
    "http_api": {"dexec.usecases.place_order", "dexec.adapters.postgres.orders", "dexec.adapters.aws.queue"},
    "websocket": {"dexec.usecases.place_order", "dexec.usecases.watch_orders", "dexec.adapters.aws.push"},
    "dead_letters": {"dexec.batches"},
    "executor": {"dexec.usecases.execute_order", "dexec.adapters.aws.push", "solders"},
}


@pytest.mark.parametrize("function", NEEDED)
def test_a_start_imports_what_requests_need_and_no_sdk(function: str) -> None:
    folder = PROJECT / "functions" / function
    paths = os.pathsep.join([str(folder), str(PROJECT / "shared"), *sys.path])
    started = subprocess.run(
        [sys.executable, "-c", STARTING],
        env={**ENVIRON, "PYTHONPATH": paths, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(started.stdout.split())
    assert imported >= NEEDED[function]
    assert not {"botocore.session", "botocore.client", "boto3"} & imported
    if function in ("executor", "dead_letters"):
        assert "dexec.api.inputs" not in imported, "no client speaks to it: it needs no models of bodies"
        assert "aws_lambda_powertools.utilities.parser" not in imported, "import dexec.batches first"
    if function == "websocket":
        assert "dexec.domain.routing" not in imported, "it routes nothing"
