"""The Python client as its users have it: installed from the checkout, with the examples and the guide."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from tests.system.e2e.deployed import Deployed

SDK = PROJECT / "sdk" / "python"
GUIDE = PROJECT / "docs" / "python-sdk.md"
EXAMPLES = sorted((SDK / "examples").glob("*.py"))
PROGRAMS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that holds the client and what it asks for, nothing else."""
    directory = tmp_path_factory.mktemp("sdk")
    # A build writes beside the sources.
    source = shutil.copytree(SDK, directory / "python", ignore=shutil.ignore_patterns("*.egg-info", "build"))
    venv.create(directory / "venv", symlinks=True)
    made = directory / "venv" / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        directory,
        source,
    )
    (wheel,) = directory.glob("dexec_client-*.whl")
    uv: list[str | Path] = [Path(sys.executable).parent / "uv", "pip", "install", "--quiet", "--python", made]
    installed = run(*uv, "--constraint", PROJECT / "requirements-dev.txt", wheel, check=False)
    if "Failed to fetch" in installed.stderr:
        pytest.skip("uv cannot install what the client asks for: no package registry is reached")
    assert installed.returncode == 0, installed.stderr
    return made


def run(*command: str | Path, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command elsewhere, without this process's own settings of the project."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("DEXEC_", "PYTHON"))}
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tempfile.gettempdir(),
        env={**environ, **extra},
    )
    assert not check or ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran


def played(python: Path, deployment: Deployed, program: Sequence[str | Path]) -> str:
    """Run a program against the deployment, where warnings are errors; return what it printed."""
    ran = run(
        python, "-W", "error", *program,
        DEXEC_URL=deployment.http_url, DEXEC_API_KEY=deployment.new_key(),
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout


def test_it_is_installed_without_the_engine_and_says_that_it_is_typed(python: Path) -> None:
    listed = run(
        python, "-c", "import importlib.util as u; print(u.find_spec('dexec'), u.find_spec('infra'))"
    )
    assert listed.stdout.split() == ["None", "None"]
    place = run(python, "-c", "import dexec_client; print(dexec_client.__path__[0])").stdout.strip()
    assert (Path(place) / "py.typed").exists()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(python: Path, deployment: Deployed, example: Path) -> None:
    printed = played(python, deployment, [example])
    expected = {
        "ten_lines": r"1 pending .*6 confirmed .*sold 1\.5 SOL for [\d.]+ USDC, at",
        "at_the_quoted_price": r"At least [\d.]+ USDC\..*got [\d.]+ USDC in transaction \w{80,}",
        "many_at_once": r"(part \d confirmed [\d.]+\s+){5}the newest three: \['ord_",
    }
    assert re.search(expected[example.stem], printed, re.DOTALL), printed


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs(python: Path, deployment: Deployed, number: int) -> None:
    printed = played(python, deployment, ["-c", PROGRAMS[number]])
    if "event.status" in PROGRAMS[number]:
        assert "6 confirmed" in printed


def test_the_guide_shows_the_errors_as_the_module_draws_them() -> None:
    drawn = (SDK / "src" / "dexec_client" / "errors.py").read_text(encoding="utf-8").split("::\n\n")[1]
    tree = re.sub(r"^    ", "", drawn.split('"""')[0].rstrip(), flags=re.MULTILINE)
    assert tree in GUIDE.read_text(encoding="utf-8")
    assert len(PROGRAMS) >= 6
