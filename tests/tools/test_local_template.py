from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import cast

import pytest

from infra.json_types import Node
from infra.local import ids, package, rollout, template
from infra.local.home import PROJECT
from tests.support.homes import state


@pytest.fixture
def source() -> Node:
    return template.load(PROJECT / "template.yaml")


def resources(node: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", node["Resources"])


def test_every_http_event_becomes_a_route_to_its_function(source: Node) -> None:
    routes = template.routes(source)
    template.for_emulator(source)
    made = [
        cast(Node, resource["Properties"])
        for resource in resources(source).values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    ]
    assert {route["RouteKey"]: route["Target"] for route in made} == {
        key: {"Fn::Sub": f"integrations/${{{function}Integration}}"} for key, function in routes.items()
    }
    assert template.routes(source) == {}


def test_the_schedule_stays_a_sam_event(source: Node) -> None:
    template.for_emulator(source)
    sweeper = cast(Node, resources(source)["SweeperFunction"]["Properties"])
    assert "EveryMinute" in cast(Node, sweeper["Events"])


def test_alarms_stay_but_for_those_that_add_metrics_up(source: Node) -> None:
    before = {name for name, node in resources(source).items() if node["Type"] == "AWS::CloudWatch::Alarm"}
    template.for_emulator(source)
    assert before - resources(source).keys() == {"DeadLettersAlarm"}


def test_both_apis_have_pinned_ids(source: Node) -> None:
    template.for_emulator(source)
    tags = [
        cast(Node, cast(Node, resources(source)[api]["Properties"])["Tags"])["ms-custom-id"]
        for api in ("HttpApi", "WebSocketApi")
    ]
    assert tags == [ids.HTTP_API_ID, ids.WEBSOCKET_API_ID]


def test_a_package_is_equal_for_equal_files_and_its_key_changes_with_them(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("answer = 1\n")
    first = package.function_zip(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "app.pyc").write_bytes(b"")
    assert package.function_zip(tmp_path) == first
    (tmp_path / "app.py").write_text("answer = 2\n")
    assert package.key(package.function_zip(tmp_path), "app") != package.key(first, "app")


def test_the_layer_runs_from_its_bytecode_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    (shared / "dexec").mkdir(parents=True)
    (shared / "dexec" / "probe_module.py").write_text("answer = 42\n")
    with zipfile.ZipFile(io.BytesIO(package.layer_zip(shared))) as archive:
        archive.extractall(tmp_path / "layer")
    module = tmp_path / "layer" / "python" / "dexec" / "probe_module.py"
    # The bytecode is taken without a look at the source, so a changed source does not matter.
    module.write_text("answer = 0\n")
    monkeypatch.syspath_prepend(str(module.parent))
    imported = __import__("probe_module")
    assert imported.answer == 42


def test_orders_are_kept_for_ever_on_this_machine_unless_said_otherwise() -> None:
    assert rollout.parameters_of(state())["RetentionDays"] == "0"
    assert rollout.parameters_of(state(parameters={"RetentionDays": "7"}))["RetentionDays"] == "7"


def test_in_a_new_stack_the_schema_waits_for_the_functions_and_not_they_for_it(source: Node) -> None:
    waiting = [name for name, node in resources(source).items() if node.get("DependsOn") == "Schema"]
    assert waiting
    template.for_emulator(source, is_new=True)
    assert resources(source)["Schema"]["DependsOn"] == waiting
    assert not any("DependsOn" in resources(source)[name] for name in waiting)
