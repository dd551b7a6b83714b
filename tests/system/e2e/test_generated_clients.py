"""Clients that others generate from the documents: each completes an order."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from infra.local.home import PROJECT
from infra.release.documents import asyncapi, files
from tests.system.e2e import node
from tests.system.e2e.deployed import Deployed

HERE = Path(__file__).parent
GENERATOR = "openapi-python-client==0.29.1"
COMPILER = (
    "--strict",
    "--target",
    "es2022",
    "--module",
    "node16",
    "--moduleResolution",
    "node16",
    "--skipLibCheck",
)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node.installed(tmp_path_factory.mktemp("npx"))


def test_typescript(deployment: Deployed, modules: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(modules)
    shutil.copy(HERE / "clients" / "order.ts", tmp_path)
    (tmp_path / "process.d.ts").write_text(
        "declare const process: { argv: string[] };\ndeclare const console: { log(text: string): void };\n"
        "declare function setTimeout(done: (value: unknown) => void, ms: number): unknown;\n"
    )
    node.run(modules, tmp_path, "openapi-typescript", str(files.STATIC / "openapi.json"), "-o", "api.d.ts")
    node.run(modules, tmp_path, "tsc", *COMPILER, "order.ts", "process.d.ts", "api.d.ts")
    told = json.loads(
        node.run(modules, tmp_path, "node", "order.js", deployment.http_url, deployment.api_key)
    )
    assert [(order["status"], order["mode"]) for order in told["orders"]] == [
        ("confirmed", "exactIn"),
        ("confirmed", "exactIn"),
        ("confirmed", "exactOut"),
    ]
    for order, name in zip(told["orders"], ("one", "two", "three"), strict=True):
        assert order["seqs"] == [1, 2, 3, 4, 5, 6]
        assert float(order["amountOut"]) > 0
        signed = ["building", "signature of true", "filled true"]
        assert order["said"] == [f"0.25 of {name}", "asking", "quotes", *signed]
    types = ("limit", "stop", "trailingStop", "oco")
    assert told["open"] == [["open", f"{one} USDC per SOL"] for one in types]
    assert (told["refused"], told["retried"]) == ("tokenIn", False)


@pytest.fixture
def python_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Generate a package and return its name."""
    uv = Path(sys.executable).parent / "uv"
    generated = subprocess.run(
        [uv, "tool", "run", "--quiet", "--from", GENERATOR, "openapi-python-client", "generate",
         "--path", files.STATIC / "openapi.json", "--meta", "none", "--output-path", tmp_path / "dexec_api"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )  # fmt: skip
    if "Failed to fetch" in generated.stderr:
        pytest.skip(f"uv cannot install {GENERATOR}: no package registry is reached")
    assert generated.returncode == 0, generated.stdout + generated.stderr
    assert "WARNING" not in generated.stdout + generated.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return "dexec_api"


def test_python(deployment: Deployed, python_client: str) -> None:
    package = importlib.import_module(python_client)
    models = importlib.import_module(f"{python_client}.models")
    orders = f"{python_client}.api.orders"
    execute, read_order = (importlib.import_module(f"{orders}.{name}") for name in ("execute", "read_order"))
    with package.Client(deployment.http_url, headers={"x-api-key": deployment.api_key}) as client:
        spellings = (
            models.SwapOrder(token_in="SOL", token_out="USDC", amount="0.25"),
            models.InputOutputOrder(input_token="SOL", output_token="USDC", amount="0.25"),
            models.SideOrder(side=models.Side.SELL, base_asset="SOL", quote_asset="USDC", amount="0.25"),
        )
        accepted = [execute.sync(client=client, body=body) for body in spellings]
        assert all(isinstance(one, models.OrderAccepted) for one in accepted)
        filled = [_ended(read_order.sync, one.order_id, client) for one in accepted]
        doge = models.SwapOrder(token_in="DOGE", token_out="USDC", amount="1")
        refused = execute.sync(client=client, body=doge)
    for order in filled:
        assert order.status == models.Status.CONFIRMED
        assert [event.seq for event in order.events] == [1, 2, 3, 4, 5, 6]
        kinds = ("Pending", "Routing", "Routing", "Building", "Submitted", "Confirmed")
        assert [type(event).__name__ for event in order.events] == [f"{kind}Event" for kind in kinds]
        assert order.events[-1].fill.amount_out == order.amount_out
    assert isinstance(refused, models.Problem)
    assert (refused.code, refused.errors[0].field) == (models.ErrorCode.INVALID, "tokenIn")


def _ended(read: Callable[..., Any], order_id: str, client: object) -> Any:
    order = read(order_id, client=client)
    while order.status not in {"confirmed", "failed"}:
        time.sleep(0.05)
        order = read(order_id, client=client)
    return order


def test_the_postman_collection(deployment: Deployed, modules: Path, tmp_path: Path) -> None:
    collection = PROJECT / "docs" / "postman" / "dexec.postman_collection.json"
    report = tmp_path / "report.json"
    node.run(
        modules, tmp_path, "newman", "run", str(collection),
        "--env-var", f"httpUrl={deployment.http_url}", "--env-var", f"apiKey={deployment.api_key}",
        "--reporters", "json", "--reporter-json-export", str(report),
    )  # fmt: skip
    run = json.loads(report.read_text())["run"]
    assert run["failures"] == []
    assert run["stats"]["assertions"]["total"] >= 30


def test_the_asyncapi_document_is_valid(modules: Path) -> None:
    rules = json.loads(
        (modules / "@asyncapi" / "specs" / "schemas" / f"{asyncapi.ASYNCAPI}.json").read_text()
    )
    faults = jsonschema_rs.validator_for(rules).iter_errors(asyncapi.document())
    assert [f"{fault.instance_path}: {fault.message}" for fault in faults] == []
