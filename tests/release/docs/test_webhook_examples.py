"""The examples of ``docs/webhooks.md`` that verify a signature, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dexec.domain import webhooks
from infra.local.home import PROJECT
from tests.support.programs import output

PAGE = (PROJECT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = webhooks.new_secret(bytes(range(32)))
BODY = '{"type":"order.confirmed","data":{"label":"é 漢"}}'.encode()
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HEADERS = webhooks.headers(SECRET, "msg_1", NOW, BODY)

Verify = Callable[[dict[str, str], bytes, float], bool]


def example(language: str) -> str:
    """Return the one block of the page in a language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(block)


def in_python(headers: dict[str, str], body: bytes, now_s: float) -> bool:
    names: dict[str, Callable[..., bool]] = {}
    exec(example("python"), names)
    return names["verify"](headers, body, SECRET, lambda: now_s)


def in_node(headers: dict[str, str], body: bytes, now_s: float) -> bool:
    call = f"verify({json.dumps(headers)}, Buffer.from('{body.hex()}', 'hex'), '{SECRET}', () => {now_s})"
    script = f"{example('js')}\nconsole.log({call});"
    return {"true": True, "false": False}[output("node", "--input-type=module", given=script).strip()]


@pytest.fixture(params=["python", "node"])
def verify(request: pytest.FixtureRequest) -> Verify:
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("needs Node")
    return in_python if request.param == "python" else in_node


def test_a_delivery_is_accepted_and_a_forged_one_is_not(verify: Verify) -> None:
    now_s = NOW.timestamp()
    assert verify(HEADERS, BODY, now_s + 299)
    assert not verify(HEADERS, BODY, now_s + 301)
    assert not verify(HEADERS, BODY, now_s - 301)
    assert not verify(HEADERS, BODY + b" ", now_s)
    assert not verify({**HEADERS, "webhook-id": "msg_2"}, BODY, now_s)
    assert not verify({**HEADERS, "webhook-signature": "v1,x"}, BODY, now_s)
    rotated = f"v1,x {HEADERS['webhook-signature']}"
    assert verify({**HEADERS, "webhook-signature": rotated}, BODY, now_s), "one of several is enough"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_shell_prints_the_signature(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(BODY)
    given = {
        "SECRET": SECRET,
        "WEBHOOK_ID": HEADERS["webhook-id"],
        "WEBHOOK_TIMESTAMP": HEADERS["webhook-timestamp"],
    }
    command = ("bash", "-euo", "pipefail", "-c", example("bash"))
    printed = output(*command, env=os.environ | given, cwd=tmp_path)
    assert f"v1,{printed.strip()}" == HEADERS["webhook-signature"]


def test_the_page_names_the_schedule_and_the_limits_as_they_are() -> None:
    pauses = ["5 s", "5 min", "30 min", "2 h", "5 h", "10 h", "6 h"]
    seconds = [int(text.split()[0]) * {"s": 1, "min": 60, "h": 3_600}[text.split()[1]] for text in pauses]
    assert tuple(seconds) == webhooks.RETRY_DELAYS_S
    assert f"{', '.join(pauses[:-1])} and {pauses[-1]}" in PAGE
