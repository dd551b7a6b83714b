"""npm's wscat, as the README pastes it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from dexec_client.raw.events import Event, Sequencer, from_frame
from dexec_client.raw.json_types import Document
from tests.system.e2e.deployed import Deployed

PACKAGE = "wscat@6.0.1"
ORDER = '{"action":"execute","order":{"tokenIn":"SOL","tokenOut":"USDC","amount":"0.5"}}'
LONGER_THAN_THE_TEST = "60"


@pytest.fixture(scope="module")
def npx(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = shutil.which("npx")
    if found is None:
        pytest.skip("Node is not installed")
    asked = subprocess.run(
        [found, "--yes", PACKAGE, "--version"],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=tmp_path_factory.mktemp("npx"),
    )
    if asked.returncode:
        pytest.skip(f"npx cannot run {PACKAGE}: no package registry is reached")
    return found


@contextmanager
def wscat(npx: str, directory: Path, *arguments: str) -> Iterator[IO[str]]:
    """Run wscat, whose standard input has to stay open, and give its output."""
    command = [npx, "--yes", PACKAGE, "--no-color", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=directory,
    ) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        try:
            yield running.stdout
        finally:
            running.stdin.close()
            running.wait(timeout=20)


def test_an_order_and_all_its_updates(deployment: Deployed, npx: str, tmp_path: Path) -> None:
    url = f"{deployment.websocket_url}?apiKey={deployment.api_key}"
    acks: list[Document] = []
    events: list[Event] = []
    sequencer = Sequencer()
    with wscat(npx, tmp_path, "-c", url, "-x", ORDER, "-w", LONGER_THAN_THE_TEST) as output:
        for line in output:
            frame: Document = json.loads(line)
            if frame["type"] == "status":
                events += sequencer.take(from_frame(frame))
            else:
                acks.append(frame)
            if acks and events and events[-1].terminal:
                break
    assert [ack["type"] for ack in acks] == ["ack"]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[-1].status == "confirmed"
    assert events[-1].order_id == acks[0]["orderId"]
