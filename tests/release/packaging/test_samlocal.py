"""``samlocal deploy`` to an emulator: the template as SAM itself packages and sends it.

The emulator runs functions in its own interpreter, with its own packages, so our code is all that is sent;
what ``sam build`` makes is tested beside this. The emulator makes no HTTP routes from what SAM sends
(``dexec deploy`` does that), so functions are invoked directly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from infra.local import secret, stack, template
from infra.local.aws import Aws
from infra.local.home import PROJECT
from tests.release.packaging.conftest import SamCli

EVENTS = PROJECT / "tests" / "events"


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """Return the URL of a database without a table."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE samlocal")
        yield urlsplit(database_url)._replace(path="/samlocal").geturl()
        connection.execute("DROP DATABASE samlocal WITH (FORCE)")


def test_the_stack_comes_up_migrated_and_answers(deploying: SamCli, aws: Aws, empty_database: str) -> None:
    deploy(deploying, aws, empty_database)
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


def deploy(deploying: SamCli, aws: Aws, database_url: str) -> None:
    """Deploy with samlocal, which takes the emulator for AWS."""
    options = ["--stack-name", stack.NAME, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    options += ["--resolve-s3", "--no-confirm-changeset", "--no-progressbar"]
    # The emulator refuses an alarm that adds metrics up, which `dexec deploy` leaves out.
    arn = secret.ensure(aws, database_url)
    options += ["--parameter-overrides", f"DatabaseSecretArn={arn}", "Alarms=false"]
    deployed = deploying("samlocal", *options)
    assert deployed.returncode == 0, deployed.stdout[-3000:] + deployed.stderr[-3000:]
