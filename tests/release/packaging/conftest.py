"""The SAM CLI, the interpreter of the functions, and one build for all tests that look at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.aws import Aws
from infra.local.home import PROJECT, Home
from tests.support.homes import state
from tests.support.programs import output
from tests.support.soak import SOAK

HERE = Path(__file__).parent
PACKAGE = re.search(
    r"\$\(LAMBDA_PYTHON\) (-m compileall .*) \.aws-sam/build", (PROJECT / "Makefile").read_text()
)
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

    def run(*arguments: str, path: str = "", cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.pathsep.join(filter(None, (path, os.environ["PATH"]))),
            "HOME": os.environ.get("HOME", "/"),
            "AWS_DEFAULT_REGION": "us-east-1",
            "SAM_CLI_TELEMETRY": "0",
        } | {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
        return subprocess.run(
            [str(program), *arguments],
            cwd=cwd,
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
def built(sam_cli: SamCli, python313: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build for x86_64, with bytecode, as ``make package`` does: a directory per function, and the layer."""
    place = tmp_path_factory.mktemp("sam")
    sam_build(sam_cli, python313, place, "x86_64")
    assert PACKAGE is not None
    subprocess.run([str(python313), *PACKAGE[1].split(), str(place / "build")], check=True)
    yield place / "build"
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def built_for_arm(
    sam_cli: SamCli, python313: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Return where the executor and the layer for arm64 lie.

    SAM puts our files beside the wheels for the processor: so does this, at a twentieth of the time. The
    soak builds with SAM.
    """
    place = tmp_path_factory.mktemp("arm")
    if SOAK:
        sam_build(sam_cli, python313, place, "arm64", "ExecutorFunction")
    else:
        executor, layer = place / "build" / "ExecutorFunction", place / "build" / "Layer" / "python"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "functions" / "executor", executor, ignore=ignored)
        shutil.copytree(PROJECT / "shared" / "dexec", layer / "dexec", ignore=ignored)
        wheels = (
            "--no-deps --only-binary :all: --python-version 3.13 --python-platform aarch64-manylinux_2_34"
        )
        for target, lock in ((executor, "functions/executor"), (layer, "shared")):
            options = (*wheels.split(), "--target", str(target), "-r", f"{lock}/requirements.txt")
            output(".venv/bin/uv", "pip", "install", "--quiet", *options, cwd=PROJECT)
    yield place / "build"
    shutil.rmtree(place)


def sam_build(sam_cli: SamCli, python313: Path, place: Path, architecture: str, *only: str) -> None:
    # In a directory of its own, where SAM keeps (and clears) what it builds from.
    options = ["--template", str(PROJECT / "template.yaml"), "--build-dir", str(place / "build")]
    options += ["--no-cached", "--parameter-overrides", f"Architecture={architecture}"]
    ran = sam_cli("build", *only, *options, path=str(python313.parent), cwd=place)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Return the clients of an emulator that the tests of packaging share."""
    home = Home(tmp_path_factory.mktemp("emulator"))
    ref = emulator.start(home, 0)
    url = emulator.url(ref.port)
    # Recorded, so that a `dexec doctor` meanwhile does not take it for one that was left behind.
    home.write(state(endpoint_url=url, processes=(ref,), ready=False))
    try:
        yield Aws(url)
    finally:
        emulator.stop(home, ref)


@pytest.fixture
def deploying(aws: Aws, sources: Path) -> SamCli:
    """Return what runs a program of the SAM CLI's environment on the sources, with the emulator for AWS."""

    def run(name: str, *arguments: str, answers: str = "") -> subprocess.CompletedProcess[str]:
        program = PROJECT / ".venv-sam" / "bin" / name
        if not program.exists():
            pytest.skip(f"{name} is not set up; run: make setup-sam")
        return subprocess.run(
            [str(program), "deploy", "--template", str(sources / "template.yaml"), *arguments],
            cwd=sources,
            input=answers,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(sources),
                "AWS_ENDPOINT_URL": aws.endpoint_url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
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

    return run


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
