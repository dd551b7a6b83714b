"""``sam deploy --guided``, answered with empty lines alone: the first deploy of a newcomer.

The emulator stands in for CloudFormation and S3. It knows no Aurora DSQL, and refuses the cluster's type only
where the cluster is to be made, so its refusal says which database was chosen.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.aws import Aws
from infra.local.home import PROJECT

ENTER = "\n"
MORE_THAN_IS_ASKED = 200


def test_empty_answers_deploy_to_aurora_dsql_in_a_new_account(aws: Aws, sources: Path) -> None:
    ran = deploy(aws, sources)
    assert "Parameter DatabaseSecretArn []" in ran.stdout, ran.stderr
    assert "has no authentication" not in ran.stdout
    assert "Saved arguments to config file" in ran.stdout, ran.stderr
    saved = tomllib.loads((sources / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]
    chosen = dict(pair.split("=", 1) for pair in shlex.split(saved["parameter_overrides"]))
    first = {"DatabaseSecretArn": "", "ReserveConcurrency": "false", "MaxConcurrency": "2"}
    assert {name: chosen[name] for name in first} == first
    assert "Unrecognized resource types: [AWS::DSQL::Cluster]" in ran.stderr


def deploy(aws: Aws, sources: Path) -> subprocess.CompletedProcess[str]:
    program = PROJECT / ".venv-sam" / "bin" / "sam"
    if not program.exists():
        pytest.skip("the SAM CLI is not set up; run: make setup-sam")
    return subprocess.run(
        [str(program), "deploy", "--guided", "--template", str(sources / "template.yaml")],
        cwd=sources,
        input=ENTER * MORE_THAN_IS_ASKED,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(sources),
            "AWS_ENDPOINT_URL": aws.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": emulator.REGION,
            "SAM_CLI_TELEMETRY": "0",
            "NO_PROXY": "localhost",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
