"""What linters say of the template, before and after the SAM transform, and of the SQL for Aurora DSQL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import cast

import pytest
import yaml

from infra.json_types import Node
from infra.local import template
from infra.local.home import PROJECT
from infra.release import postgres_template
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


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return what cfn-lint finds in each template, after the one start that is most of its time."""
    place = tmp_path_factory.mktemp("lint")
    # The transform writes the values of parameters into the API's definition, so that one looks unused.
    templates = {
        "transformed": (json.dumps(transformed()), WITH_DSQL, ["W2001"]),
        "without": (json.dumps(SOURCE), WITHOUT_DSQL[:1], []),
        "postgres": (postgres_template.text(SOURCE), WITHOUT_DSQL, []),
    }
    for name, (text, regions, ignored) in templates.items():
        config = {"regions": list(regions), "ignore_checks": ignored}
        document = {**yaml.safe_load(text), "Metadata": {"cfn-lint": {"config": config}}}
        (place / f"{name}.json").write_text(json.dumps(document))
    paths = [PROJECT / "template.yaml", *sorted(place.iterdir())]
    ran = tool("cfn-lint", "--format", "parseable", *map(str, paths))
    found: dict[str, list[str]] = {path.stem: [] for path in paths}
    for line in ran.stdout.splitlines():
        path, *_, code, message = line.split(":", 6)
        found[Path(path).stem].append(f"{code} {message}")
    assert bool(ran.stdout) == bool(ran.returncode), ran.stderr
    return found


@pytest.mark.parametrize("name", ["template", "transformed", "postgres"])
def test_a_template_has_no_finding(findings: dict[str, list[str]], name: str) -> None:
    assert findings[name] == []


def test_without_aurora_dsql_only_the_other_template_will_do(findings: dict[str, list[str]]) -> None:
    assert findings["without"] == [
        f"E3006 Resource type 'AWS::DSQL::Cluster' does not exist in '{WITHOUT_DSQL[0]}'"
    ]


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
