"""The SAM CLI, the interpreter of the functions, and one build for all tests that look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.aws import Aws
from infra.local.home import PROJECT, Home, State

HERE = Path(__file__).parent
_PASSED_ON = ("PIP_", "SSL_", "TMPDIR")
SamCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the build in one worker."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("packaging"))


@pytest.fixture(scope="session")
def sam_cli() -> SamCli:
    """Return what runs the SAM CLI; its environment and region are its own."""
    program = PROJECT / ".venv-sam" / "bin" / "sam"
    if not program.exists():
        pytest.skip("the SAM CLI is not set up; run: make setup-sam")

    def run(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.pathsep.join(filter(None, (path, os.environ["PATH"]))),
            "HOME": os.environ.get("HOME", "/"),
            "AWS_DEFAULT_REGION": "us-east-1",
            "SAM_CLI_TELEMETRY": "0",
        } | {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
        return subprocess.run(
            [str(program), *arguments],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def python313() -> Path:
    """Return the interpreter that the functions run in."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [shutil.which("python3.13"), *map(str, sorted(pyenv.glob("3.13*/bin/python3.13")))]
    for place in filter(None, places):
        version = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
        if version.stdout.startswith("Python 3.13"):
            return Path(place)
    pytest.skip("sam build needs python3.13, the functions' own version, on PATH")


@pytest.fixture(scope="session")
def built(
    sam_cli: SamCli, python313: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Build everything for x86_64 and return where it lies: a directory per function, and the layer."""
    place = tmp_path_factory.mktemp("sam")
    build = sam_cli(
        "build",
        "--build-dir",
        str(place / "build"),
        "--cache-dir",
        str(place / "cache"),
        "--parameter-overrides",
        "Architecture=x86_64",
        path=str(python313.parent),
    )
    assert build.returncode == 0, build.stderr
    yield place / "build"
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Return the clients of an emulator that the tests of packaging share."""
    home = Home(tmp_path_factory.mktemp("emulator"))
    ref = emulator.start(home, 0)
    url = emulator.url(ref.port)
    # Recorded, so that a `dexec doctor` meanwhile does not take it for one that was left behind.
    known = State(
        http_url="", websocket_url="", api_key="", database_url="", endpoint_url=url, processes=(ref,)
    )
    home.write(known)
    try:
        yield Aws(url)
    finally:
        emulator.stop(home, ref)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of what is deployed, with the layer as Lambda wants it."""
    place = tmp_path / "sources"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "functions", place / "functions", ignore=ignored)
    shutil.copytree(PROJECT / "shared" / "dexec", place / "shared" / "python" / "dexec", ignore=ignored)
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(PROJECT / name, place)
    return place
