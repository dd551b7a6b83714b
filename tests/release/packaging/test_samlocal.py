"""``samlocal deploy`` to an emulator: the template as SAM itself packages and sends it.

The emulator runs functions in its own interpreter, with its own packages, so our code is all that is sent;
what ``sam build`` makes is tested beside this. The emulator makes no HTTP routes from what SAM sends
(``dexec deploy`` does that), so functions are invoked directly.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from infra.local import emulator, secret, stack, template
from infra.local.aws import Aws
from infra.local.home import PROJECT

EVENTS = PROJECT / "tests" / "events"


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """Return the URL of a database without a table."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE samlocal")
        yield urlsplit(database_url)._replace(path="/samlocal").geturl()
        connection.execute("DROP DATABASE samlocal WITH (FORCE)")


def test_the_stack_comes_up_migrated_and_answers(aws: Aws, empty_database: str, sources: Path) -> None:
    deploy(aws, empty_database, sources)
    outputs = stack.outputs(aws)
    assert outputs.keys() >= {"HttpUrl", "OrderQueueUrl", "ExecutorFunction"}
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM migrations").fetchone() == (True,)
    functions = template.code_properties(template.load(PROJECT / "template.yaml")).keys() - {"Layer"}
    listed = aws.functions.list_functions()["Functions"]
    assert {f["FunctionName"] for f in listed} == {outputs[name] for name in functions}
    answered = aws.functions.invoke(
        FunctionName=outputs["HttpApiFunction"], Payload=(EVENTS / "http-health.json").read_bytes()
    )
    assert json.loads(answered["Payload"].read())["statusCode"] == 200


def deploy(aws: Aws, database_url: str, sources: Path) -> None:
    """Deploy with samlocal, which takes the emulator for AWS."""
    program = PROJECT / ".venv-sam" / "bin" / "samlocal"
    if not program.exists():
        pytest.skip("samlocal is not set up; run: make setup-sam")
    options = ["--stack-name", stack.NAME, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    options += ["--resolve-s3", "--no-confirm-changeset", "--no-progressbar"]
    options += ["--template", str(sources / "template.yaml")]
    # The emulator refuses an alarm that adds metrics up, which `dexec deploy` leaves out.
    arn = secret.ensure(aws, database_url)
    options += ["--parameter-overrides", f"DatabaseSecretArn={arn}", "Alarms=false"]
    deployed = subprocess.run(
        [str(program), "deploy", *options],
        cwd=sources,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(sources),
            "AWS_ENDPOINT_URL": aws.endpoint_url,
            "AWS_DEFAULT_REGION": emulator.REGION,
            "DISABLE_DEPRECATION_NOTICE": "1",
            "SAM_CLI_TELEMETRY": "0",
            "NO_PROXY": "localhost",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert deployed.returncode == 0, deployed.stdout[-3000:] + deployed.stderr[-3000:]
