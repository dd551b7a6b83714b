"""The workflow for users of GitHub: it runs what every other continuous integration runs."""

from __future__ import annotations

import re
from typing import cast

import yaml

from infra.json_types import Json, Node
from infra.local.home import PROJECT
from tests.release.packaging.transformed import walk

TEXT = (PROJECT / ".github/workflows/ci.yml").read_text()
WORKFLOW = cast(Node, yaml.safe_load(TEXT))
JOBS = cast("dict[str, Node]", WORKFLOW["jobs"])


def steps(job: str) -> list[Node]:
    return cast("list[Node]", JOBS[job]["steps"])


def test_it_runs_the_one_script() -> None:
    assert [step["run"] for step in steps("test") if "run" in step] == [".ci/run"]
    assert "make test" in (PROJECT / ".ci/run").read_text()


def test_it_needs_no_token_and_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any(path[-1:] == ("permissions",) for path, _ in walk(cast(Json, JOBS)))
    assert "secrets." not in TEXT
    assert "github.token" not in TEXT
    checkouts = [step for job in JOBS for step in steps(job) if "checkout" in str(step.get("uses"))]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_every_job_ends_and_every_action_is_pinned() -> None:
    assert all(isinstance(job["timeout-minutes"], int) for job in JOBS.values())
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == len([step for job in JOBS for step in steps(job) if "uses" in step])
    # A tag can be moved to another commit; the comment says which one it was.
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used)


def test_the_functions_own_python_is_there() -> None:
    (setup,) = [step for step in steps("test") if "setup-python" in str(step.get("uses"))]
    assert "3.13" in str(cast(Node, setup["with"])["python-version"]).split()
