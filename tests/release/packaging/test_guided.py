"""``sam deploy --guided``, answered with empty lines alone: the first deploy of a newcomer.

The emulator stands in for CloudFormation and S3. It knows no Aurora DSQL, and refuses the cluster's type only
where the cluster is to be made, so its refusal says which database was chosen.
"""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

from tests.release.packaging.conftest import SamCli

ENTER = "\n"
MORE_THAN_IS_ASKED = 200


def test_empty_answers_deploy_to_aurora_dsql_in_a_new_account(deploying: SamCli, sources: Path) -> None:
    ran = deploying("sam", "--guided", answers=ENTER * MORE_THAN_IS_ASKED)
    assert "Parameter DatabaseSecretArn []" in ran.stdout, ran.stderr
    assert "has no authentication" not in ran.stdout
    assert "Saved arguments to config file" in ran.stdout, ran.stderr
    saved = tomllib.loads((sources / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]
    chosen = dict(pair.split("=", 1) for pair in shlex.split(saved["parameter_overrides"]))
    first = {"DatabaseSecretArn": "", "ReserveConcurrency": "false", "MaxConcurrency": "2"}
    assert {name: chosen[name] for name in first} == first
    assert "Unrecognized resource types: [AWS::DSQL::Cluster]" in ran.stderr
