"""The TypeScript client: its own tests, its generated types, and what its package promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dexec import __version__
from infra.local.home import PROJECT
from infra.release.documents import clients
from tests.system.e2e import node
from tests.system.e2e.node import TYPESCRIPT_SDK

PACKAGE = json.loads((TYPESCRIPT_SDK / "package.json").read_text())
LOCK = json.loads((TYPESCRIPT_SDK / "package-lock.json").read_text())
PAGES = (TYPESCRIPT_SDK / "README.md", PROJECT / "docs" / "typescript-sdk.md")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node.installed(tmp_path_factory.mktemp("npx"))


@pytest.fixture(scope="module")
def project(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node.sdk_sources(modules, tmp_path_factory.mktemp("typescript"))


def test_its_own_tests_pass(modules: Path, project: Path) -> None:
    node.run(modules, project, "npm", "test")


def test_its_types_are_those_of_the_api(modules: Path, project: Path) -> None:
    schemas = project / "schemas.json"
    schemas.write_text(json.dumps(clients.document()))
    node.run(modules, project, "openapi-typescript", str(schemas), "-o", "generated.ts")
    generated = (project / "generated.ts").read_text()
    assert (TYPESCRIPT_SDK / "src" / "generated.ts").read_text() == generated, "run: make sdk-typescript"


def test_it_needs_no_other_package() -> None:
    assert not PACKAGE.keys() & {"dependencies", "peerDependencies", "optionalDependencies"}
    assert (PACKAGE["version"], PACKAGE["license"]) == (__version__, "MIT")
    assert (TYPESCRIPT_SDK / "LICENSE").read_text() == (PROJECT / "LICENSE").read_text()


def test_its_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    packages = dict(LOCK["packages"])
    own = packages.pop("")
    assert own["devDependencies"] == PACKAGE["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PACKAGE["devDependencies"].values())
    assert len(packages) > len(PACKAGE["devDependencies"])
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_the_code_of_its_pages_is_part_of_an_example(page: Path) -> None:
    """The end-to-end tests run the examples."""
    examples = [path.read_text() for path in sorted((TYPESCRIPT_SDK / "examples").glob("*.ts"))]
    blocks = re.findall(r"^```ts\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    assert [block for block in blocks if not any(block in example for example in examples)] == []
