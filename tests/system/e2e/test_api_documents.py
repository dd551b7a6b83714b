"""The documents against the running deployment: what it answers is what they say."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from infra.release.documents import asyncapi, files, openapi
from infra.release.documents.components import strict
from infra.release.documents.spellings import BODY, EXAMPLES
from tests.support.programs import output
from tests.support.soak import SOAK
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.frames import Watch

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "ignored_auth",
    "unsupported_method",
)


def each_once(document: dict[str, Any]) -> dict[str, Any]:
    """Return ``document`` with each spelling and each type of an order once, not their product.

    The product has nearly twice the cases, made of the same parts.
    """
    body = document["components"]["schemas"][BODY]
    once = [choice for choice in body["oneOf"] if choice["$ref"].rpartition("/")[2] in EXAMPLES]
    assert len(once) == len(EXAMPLES)
    return document | {
        "components": document["components"]
        | {"schemas": document["components"]["schemas"] | {BODY: body | {"oneOf": once}}}
    }


def test_every_answer_has_a_status_and_a_shape_of_the_document(deployment: Deployed, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(strict(each_once(openapi.document()))))
    printed = output(
        Path(sys.executable).parent / "st", "run", "openapi.json",
        "--url", deployment.http_url,
        "--header", f"x-api-key: {deployment.new_key()}",
        "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing" if SOAK else "examples,coverage",
        "--max-examples", "8",
        "--seed", "1",
        "--no-color",
        cwd=tmp_path,
        timeout_s=420,
    )  # fmt: skip
    assert f"Tested: {len(openapi.OPERATIONS)}\n" in printed


@pytest.mark.parametrize(
    ("path", "file_name", "content_type"),
    [
        ("openapi.json", "openapi.json", "application/json"),
        ("asyncapi.json", "asyncapi.json", "application/json"),
        ("docs", "docs.html", "text/html"),
        ("errors", "errors.html", "text/html"),
        ("errors/slippage_exceeded", "errors/slippage_exceeded.html", "text/html"),
        ("console/1/docs.css", "docs.css", "text/css"),
    ],
)
def test_a_document_is_public(deployment: Deployed, path: str, file_name: str, content_type: str) -> None:
    answer = httpx.get(f"{deployment.http_url}/{path}", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    content = re.sub(rb"(?<=console/)\w{12}/", b"", answer.content)
    assert content == (files.STATIC / file_name).read_bytes()


def test_a_body_is_json_whatever_its_content_type(deployment: Deployed) -> None:
    with deployment.client() as client:
        body = '{"tokenIn":"SOL","tokenOut":"USDC","amount":"0.1"}'
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            answer = client.post("api/orders/execute", content=body, headers={"content-type": content_type})
            assert answer.status_code == 202, answer.text


def test_a_conversation_has_every_kind_of_frame(deployment: Deployed, frames: Watch) -> None:
    with connect(f"{deployment.websocket_url}?apiKey={deployment.api_key}", proxy=None) as socket:
        socket.send('{"action":"ping","id":1}')
        socket.send('{"action":"dance","id":2}')
        socket.send('{"action":"execute","id":3,"order":{"tokenIn":"SOL","tokenOut":"USDC","amount":"0.1"}}')
        ended = False
        while not (ended and all(frames.seen[kind] for kind in asyncapi.SENT)):
            frame = json.loads(socket.recv(timeout=20))
            ended = ended or frame.get("status") == "confirmed"


def test_a_frame_that_the_document_does_not_allow_is_found() -> None:
    watch = Watch()
    watch.take('{"type":"pong","id":1}')
    assert watch.faults == []
    watch.take('{"type":"pong","id":[]}')
    watch.take('{"type":"pong","extra":1}')
    watch.take('{"type":"gong"}')
    assert len(watch.faults) >= 3
