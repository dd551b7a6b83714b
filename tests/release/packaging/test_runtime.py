"""The sample events through the built functions, under Lambda's own runtime client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import cast

import pytest

from infra.local.home import PROJECT
from infra.local.keys import create_key
from tests.release.packaging.builds import FUNCTIONS
from tests.release.packaging.runtime_api import Document, RuntimeApi, runtime_api
from tests.support.programs import output

EVENTS = PROJECT / "tests" / "events"
HANDLED_BY = {
    "http-health": "HttpApiFunction",
    "http-order": "HttpApiFunction",
    "http-quotes": "HttpApiFunction",
    "http-read-order": "HttpApiFunction",
    "migrate": "MigrateFunction",
    "schedule": "SweeperFunction",
    "schedule-trigger": "TriggerFunction",
    "sqs-dead-letter": "DeadLettersFunction",
    "sqs-order": "ExecutorFunction",
    "sqs-webhook": "WebhooksFunction",
    "websocket-replay": "WebSocketFunction",
    "websocket-connect": "WebSocketFunction",
    "websocket-disconnect": "WebSocketFunction",
    "websocket-message": "WebSocketFunction",
}
Run = Callable[[str], AbstractContextManager[RuntimeApi]]


def event(name: str) -> Document:
    return cast(Document, json.loads((EVENTS / f"{name}.json").read_text()))


@pytest.fixture(scope="module")
def runtime_client(python313: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the runtime client lies, for the functions' interpreter."""
    place = tmp_path_factory.mktemp("awslambdaric")
    wanted = f"awslambdaric=={version('awslambdaric')}"
    uv = PROJECT / ".venv" / "bin" / "uv"
    output(uv, "pip", "install", "--quiet", "--python", python313, "--target", place, wanted)
    return place


@pytest.fixture
def run(built: Path, python313: Path, runtime_client: Path, clean_url: str) -> Run:
    """Return what starts a function; its events and all that it calls are one server's."""
    create_key(clean_url, "local")

    @contextmanager
    def start(function: str) -> Iterator[RuntimeApi]:
        with runtime_api() as api:
            environment = {
                **_settings(api, clean_url),
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "AWS_LAMBDA_FUNCTION_NAME": function,
                "LAMBDA_TASK_ROOT": str(built / function),
                "PYTHONPATH": os.pathsep.join([str(built / "Layer" / "python"), str(runtime_client)]),
            }
            command = [str(python313), "-s", "-m", "awslambdaric", "app.handler"]
            with subprocess.Popen(command, cwd=built / function, env=environment) as process:
                try:
                    yield api
                finally:
                    process.kill()

    return start


def _settings(api: RuntimeApi, database_url: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": api.url,
        "DATABASE_URL": database_url,
        "ORDER_QUEUE_URL": f"{api.url}/123456789012/orders",
        "WEBSOCKET_CALLBACK_URL": api.url,
        "WEBSOCKET_URL": "wss://example.invalid/live",
        "PAPER_LATENCY": "none",
    }


def body_of(answer: Document | None) -> Document:
    assert answer is not None
    return cast(Document, json.loads(str(answer["body"])))


def test_every_function_has_a_sample_and_every_sample_a_function() -> None:
    assert sorted(HANDLED_BY) == sorted(path.stem for path in EVENTS.glob("*.json"))
    assert set(HANDLED_BY.values()) == set(FUNCTIONS)


def test_http(run: Run) -> None:
    with run("HttpApiFunction") as api:
        answers = {name: api.invoke(event(name)) for name in HANDLED_BY if name.startswith("http-")}
        statuses = {name: answer["statusCode"] for name, answer in answers.items() if answer is not None}
        assert statuses == {"http-health": 200, "http-order": 202, "http-quotes": 200, "http-read-order": 404}
        order_id = body_of(answers["http-order"])["orderId"]
        assert json.loads(str(api.queued[0]["MessageBody"])) == {"orderId": order_id}


def test_an_order_from_its_acceptance_to_its_end(run: Run) -> None:
    with run("HttpApiFunction") as api:
        order_id = str(body_of(api.invoke(event("http-order")))["orderId"])
    sample = event("sqs-order")
    with run("ExecutorFunction") as api:
        assert api.invoke(sample) == {"batchItemFailures": []}
        assert api.invoke(about(order_id, sample)) == {"batchItemFailures": []}
    with run("HttpApiFunction") as api:
        order = body_of(api.invoke(about(order_id, event("http-read-order"))))
    assert order["status"] == "confirmed", order


def test_websocket(run: Run) -> None:
    with run("WebSocketFunction") as api:
        for name in ("websocket-connect", "websocket-message", "websocket-replay", "websocket-disconnect"):
            assert api.invoke(event(name)) == {"statusCode": 200}, name
        assert api.pushed[0] == {"type": "pong", "id": 1}
        assert (api.pushed[1]["type"], api.pushed[1]["code"]) == ("error", "not_found")


def test_dead_letters(run: Run) -> None:
    with run("DeadLettersFunction") as api:
        assert api.invoke(event("sqs-dead-letter")) == {"batchItemFailures": []}


def test_webhooks(run: Run) -> None:
    with run("WebhooksFunction") as api:
        assert api.invoke(event("sqs-webhook")) == {"batchItemFailures": []}


def test_sweeper(run: Run) -> None:
    with run("SweeperFunction") as api:
        answer = api.invoke(event("schedule"))
        assert answer is not None
        assert set(answer.values()) == {0}, answer


def test_trigger(run: Run) -> None:
    with run("TriggerFunction") as api:
        assert api.invoke(event("schedule-trigger")) == {}


def test_migrate(run: Run) -> None:
    with run("MigrateFunction") as api:
        assert api.invoke({**event("migrate"), "ResponseURL": f"{api.url}/answer"}) is None
        assert api.put[0]["Status"] == "SUCCESS"


def about(order_id: str, sample: Document) -> Document:
    """Return a sample for another order."""
    text = json.dumps(sample).replace("ord_019b76da80007000800000000000000a", order_id)
    return cast(Document, json.loads(text))
