"""A client that was written from the served documents alone works at its first try."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.system.e2e.deployed import Deployed

STRANGER = Path(__file__).parent / "clients" / "stranger.py"
CLEAN_RUN = ["pending", "routing", "routing", "building", "submitted", "confirmed"]
AT_ONCE = {"SwapOrder", "InputOutputOrder", "SideOrder"}
WAITING = {"LimitSwapOrder", "StopSwapOrder", "TrailingStopSwapOrder", "OcoSwapOrder"}


def test_a_client_from_the_documents_alone(deployment: Deployed, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, STRANGER, deployment.http_url, deployment.new_key()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert set(said["orders"]) == AT_ONCE | WAITING
    for name, order in said["orders"].items():
        assert order["statuses"] == (CLEAN_RUN if name in AT_ONCE else ["open", "cancelled"])
        assert (order["repeated"], order["same"], order["lacking"]) == (True, True, [])
        assert order["clientOrderId"] == name
    assert said["problem"] == ["invalid", "tokenOut"]
    assert (said["page"], said["nowhere"], said["codesWithoutPage"]) == (200, "not_found", [])
    assert (said["wrongOrder"], said["wrongKey"]) == ("not_found", 401)
