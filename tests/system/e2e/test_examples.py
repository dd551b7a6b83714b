"""The examples of docs/examples.md that use the SDKs, run as they stand but for address, key and order.

Those for the shell are run with the commands of the other documents: tests/release/docs/test_commands.py.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from infra.local.ids import HTTP_API_ID
from infra.release.documents.examples import examples
from tests.support.programs import output
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import ended

ADDRESS = f"http://localhost:4566/_aws/execute-api/{HTTP_API_ID}"
SAID = {
    "execute": "confirmed",
    "watch": "confirmed",
    "readOrder": "confirmed",
    "readHistory": "ord_",
    "readQuotes": "the most",
    "readBalances": "USDC",
}
TYPESCRIPT_SDK = PROJECT / "sdk" / "typescript"


@pytest.fixture(scope="module")
def order_id(deployment: Deployed) -> str:
    """Return an order that is confirmed."""
    placed = deployment.place()
    assert ended(deployment, [placed])[placed].status == "confirmed"
    return placed


def text_of(name: str, language: str, deployment: Deployed, order_id: str) -> str:
    text = examples()[name][language]
    assert ADDRESS in text
    return text.replace(ADDRESS, deployment.http_url).replace("ORDER_ID", order_id)


@pytest.mark.skipif(importlib.util.find_spec("dexec_client") is None, reason="the SDK is not installed")
@pytest.mark.parametrize("name", SAID)
def test_python(deployment: Deployed, order_id: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "example.py").write_text(text_of(name, "Python", deployment, order_id))
    assert SAID[name] in output(sys.executable, "example.py", cwd=tmp_path)


@pytest.mark.skipif(
    shutil.which("node") is None or not (TYPESCRIPT_SDK / "dist" / "index.js").exists(),
    reason="the SDK is not built",
)
@pytest.mark.parametrize("name", SAID)
def test_typescript(deployment: Deployed, order_id: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "node_modules" / "@dexec").mkdir(parents=True)
    (tmp_path / "node_modules" / "@dexec" / "client").symlink_to(TYPESCRIPT_SDK)
    # The examples name no type, so that they are JavaScript as well.
    (tmp_path / "example.mjs").write_text(text_of(name, "TypeScript", deployment, order_id))
    # Node has a WebSocket of its own from 22 on; before that, behind this switch.
    assert SAID[name] in output("node", "--experimental-websocket", "example.mjs", cwd=tmp_path)
