"""Every command of the README and the documents, run as it stands there.

The pages share one deployment, so what would stop it is left out until the end. Three things are replaced:
the usual port by the one that was free, ``ORDER_ID`` and ``FAILED_ORDER_ID`` by real ones, npx's packages by
pinned ones. Lines that begin with ``dexec`` are run in this process, after the page's others, which takes a
fifth of the time; those of the README in the shell, as a reader does.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local import deployment
from infra.local.home import PROJECT, Home
from tests.support.homes import new_home
from tests.support.programs import output
from tests.system.e2e import inprocess
from tests.system.e2e.command import environ

# One worker: the pages share a deployment.
pytestmark = pytest.mark.xdist_group("docs")

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)

ELSEWHERE = {
    "deploy.md": "needs an AWS account",
    "containers.md": "needs a container engine",
    "sam-local.md": "needs a container engine",
    "data.md": "needs PostgreSQL's own programs; a backup is restored in the integration tests",
}
"""Pages about other machines, and why they are not tried here."""

NOT_RUN = {
    r"make (demo|check|test|setup|lint|up|watch|bench|soak|down|package)\b": "sets up, stays, or runs tests",
    r"(\.venv/bin/)?dexec demo --orders": "moves the market: tests/system/e2e/test_waiting_orders.py",
    r"make sdk-typescript|npm install \./sdk": "installs: tests/system/e2e/test_typescript_sdk.py",
    r"\. \.venv/bin/activate": "the tests' own interpreter is in front of PATH already",
    r"dexec down$": "the pages share one deployment, which is stopped at the end",
    r"dexec .*--home /tmp/dexec-rough": "a second deployment: tests/system/e2e/test_cli_restarts.py",
    r"npx newman": "with a pinned newman: tests/system/e2e/test_generated_clients.py",
    r"(\.venv-sam/bin/)?sam deploy": "needs an AWS account",
}
"""Commands of the other pages that are not run as they stand, and why."""


@dataclass(frozen=True)
class Stand:
    """The deployment that the pages share, and orders on it."""

    home: Home
    port: int
    order_id: str
    failed_order_id: str

    def fitted(self, command: str) -> str:
        """Return a command with its placeholders filled in."""
        fitted = command.replace("localhost:4566", f"localhost:{self.port}")
        fitted = re.sub(r"\bFAILED_ORDER_ID\b", self.failed_order_id, fitted)
        fitted = re.sub(r"\bORDER_ID\b", self.order_id, fitted)
        return fitted.replace("npx wscat", "npx --yes wscat@6.0.1").replace("-w 5", "-w 1")


def commands(page: Path) -> list[str]:
    """Return a page's commands, those over several lines whole."""
    found: list[str] = []
    for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        if language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return found


def runnable(page: Path) -> list[str]:
    """Return those commands of a page that can be run here."""
    if page.name in ELSEWHERE:
        return []
    found = [
        command for command in commands(page) if not any(re.match(reason, command) for reason in NOT_RUN)
    ]
    if shutil.which("npx") is None:
        found = [command for command in found if not command.startswith("npx ")]
    return found


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_home() as home:
        try:
            at = {"DEXEC_HOME": str(home.root)}
            up = inprocess.run("up", "--detach", "--port", "0", "--json", **at)
            assert up.returncode == 0, up.stderr
            order_ids = []
            for amount in ("1", "100000"):
                placed = inprocess.run("order", "SOL", "USDC", amount, "--watch", "--json", "--yes", **at)
                order_ids.append(json.loads(placed.stdout.splitlines()[-1])["orderId"])
            yield Stand(home, int(str(json.loads(up.stdout)["endpointUrl"]).rpartition(":")[2]), *order_ids)
        finally:
            deployment.down(home)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if runnable(page)], ids=lambda page: str(page.relative_to(PROJECT))
)
def test_the_commands_of_a_page(stand: Stand, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    at = {"DEXEC_HOME": str(stand.home.root)}
    fitted = [stand.fitted(command) for command in runnable(page)]
    own = [] if page == PAGES[0] else [line for line in fitted if line.startswith("dexec ")]
    printed = in_a_shell([line for line in fitted if line not in own], environ(**at))
    for line in own:
        ran = inprocess.run(*shlex.split(line, comments=True)[1:], **at)
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
        printed += ran.stdout + ran.stderr
    assert not re.search(r'"status": ?4', printed)
    assert not re.search(r'"type": ?"[^"]*/errors/', printed)


def in_a_shell(lines: list[str], variables: dict[str, str]) -> str:
    """Run lines one after the other, the first that fails is the last; return what they print."""
    trap = "trap 'echo \"this command failed: $BASH_COMMAND\" >&2' ERR"
    with subprocess.Popen(
        ["bash", "-c", "\n".join(["set -euE -o pipefail", trap, *lines])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**variables, "PATH": f"{BIN}:{variables['PATH']}"},
    ) as bash:
        # The input stays open meanwhile, as a terminal's does: wscat ends with it.
        assert bash.stdout is not None
        printed = bash.stdout.read()
    assert bash.returncode == 0, printed
    return printed


def test_the_program_of_the_readme(stand: Stand) -> None:
    (program,) = re.findall(
        r"^```python\n(.*?)^```", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    first, *_, last = output(sys.executable, "-W", "error", "-c", stand.fitted(program)).splitlines()
    assert first == "1 pending"
    assert last.endswith(" confirmed")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^make ([a-z-]+)", "\n".join(commands(page)), re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= known


def test_an_order_is_placed_under_an_idempotency_key() -> None:
    """What an answer that was lost may hide is a swap: the documents place no order without a key."""
    placing = [command for page in PAGES for command in commands(page) if "orders/execute" in command]
    assert len(placing) >= 2
    assert [command for command in placing if "idempotency-key" not in command.lower()] == []


def test_no_exception_is_out_of_date() -> None:
    everything = [command for page in PAGES for command in commands(page)]
    assert [
        reason for reason in NOT_RUN if not any(re.match(reason, command) for command in everything)
    ] == []
    assert set(ELSEWHERE) <= {page.name for page in PAGES}
