"""A client that was written from the served documents alone works at its first try."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.programs import output
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import CLEAN_RUN

STRANGER = Path(__file__).parent / "clients" / "stranger.py"
AT_ONCE = {"SwapOrder", "InputOutputOrder", "SideOrder"}
WAITING = {"LimitSwapOrder", "StopSwapOrder", "TrailingStopSwapOrder", "OcoSwapOrder"}


def test_a_client_from_the_documents_alone(deployment: Deployed, tmp_path: Path) -> None:
    command = (sys.executable, STRANGER, deployment.http_url, deployment.new_key())
    said = json.loads(output(*command, cwd=tmp_path))
    assert set(said["orders"]) == AT_ONCE | WAITING
    for name, order in said["orders"].items():
        assert order["statuses"] == (CLEAN_RUN if name in AT_ONCE else ["open", "cancelled"])
        assert (order["repeated"], order["same"], order["lacking"]) == (True, True, [])
        assert order["clientOrderId"] == name
    assert said["problem"] == ["invalid", "tokenOut"]
    assert (said["page"], said["nowhere"], said["codesWithoutPage"]) == (200, "not_found", [])
    assert (said["wrongOrder"], said["wrongKey"]) == ("not_found", 401)
