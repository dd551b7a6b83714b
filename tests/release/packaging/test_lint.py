"""What linters say of the template, before and after the SAM transform, and of the SQL for Aurora DSQL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import cast

import pytest

from infra.json_types import Node
from infra.local import template
from infra.local.home import PROJECT
from infra.release import postgres_template
from tests.release.packaging.conftest import SamCli
from tests.release.packaging.transformed import referred, transformed

SOURCE = template.load(PROJECT / "template.yaml")
WITH_DSQL = ("us-east-1", "eu-west-1")
WITHOUT_DSQL = ("af-south-1", "cn-north-1", "us-gov-west-1")
MIGRATIONS = sorted((PROJECT / "shared/dexec/adapters/postgres/migrations").glob("*.sql"))
WRITTEN_DOWN = re.compile(r"amazonaws\.com|arn:aws:|\.api\.aws")


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = PROJECT / ".venv-sam" / "bin" / name
    if not program.exists():
        pytest.skip(f"{name} is not set up; run: make setup-sam")
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def lint(path: Path, *regions: str, ignored: str = "") -> subprocess.CompletedProcess[str]:
    options = ["--ignore-checks", ignored] if ignored else []
    return tool("cfn-lint", str(path), *options, "--regions", *regions)


def test_the_template_has_no_finding(sam_cli: SamCli) -> None:
    found = sam_cli("validate", "--lint")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_transformed_template_has_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "transformed.json"
    path.write_text(json.dumps(transformed()))
    # The transform writes the values of parameters into the API's definition, so that one looks unused.
    found = lint(path, *WITH_DSQL, ignored="W2001")
    assert found.returncode == 0, found.stdout


def test_without_aurora_dsql_only_the_other_template_will_do(tmp_path: Path) -> None:
    found = lint(PROJECT / "template.yaml", WITHOUT_DSQL[0])
    assert re.findall(r"^E\d+.*", found.stdout, re.MULTILINE) == [
        f"E3006 Resource type 'AWS::DSQL::Cluster' does not exist in '{WITHOUT_DSQL[0]}'"
    ]
    path = tmp_path / postgres_template.FILE
    path.write_text(postgres_template.text(SOURCE))
    found = lint(path, *WITHOUT_DSQL)
    assert found.returncode == 0, found.stdout


def test_the_other_template_differs_in_the_database_alone() -> None:
    folded = postgres_template.fold(SOURCE)
    differences = {"Conditions": set(postgres_template.CHOSEN), "Resources": {"Database"}}
    differences |= {"Outputs": {"DatabaseEndpoint"}}
    for name, section in SOURCE.items():
        if isinstance(section, dict):
            left_out = section.keys() - cast(Node, folded[name]).keys()
            assert left_out == differences.get(name, set()), name
    assert "Database" not in referred(folded)
    assert not re.search("DatabaseMade|DatabaseGiven|Database\\.", json.dumps(folded))
    assert "Default" not in cast(Node, cast(Node, folded["Parameters"])["DatabaseSecretArn"])


def test_the_source_is_left_as_it_is() -> None:
    before = json.dumps(SOURCE)
    postgres_template.fold(SOURCE)
    assert json.dumps(SOURCE) == before


def test_migrations_are_sql_that_aurora_dsql_takes(tmp_path: Path) -> None:
    found = tool("dsql-lint", *map(str, MIGRATIONS))
    assert found.returncode == 0, found.stdout + found.stderr
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("CREATE TABLE t (id serial PRIMARY KEY);\nCREATE INDEX i ON t (id);\n")
    assert tool("dsql-lint", str(wrong)).returncode == 1


def test_no_partition_is_written_down() -> None:
    files = [PROJECT / "template.yaml"]
    files += [path for folder in ("shared", "functions") for path in (PROJECT / folder).rglob("*.py")]
    found = {
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if WRITTEN_DOWN.search(line)
    }
    default = 'url_suffix: str = Field("amazonaws.com", description="domain of the partition\'s services")'
    assert found == {f"shared/dexec/settings.py: {default}"}
