"""Alarms and dashboard against the code that feeds them and the runbook that answers them."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from typing import Any, cast

import pytest

from infra.json_types import Node
from infra.local.home import PROJECT
from tests.release.packaging import cloudwatch
from tests.release.packaging.transformed import of_type, walk

RUNBOOK = (PROJECT / "docs/runbook.md").read_text()
ALARMS = of_type("AWS::CloudWatch::Alarm")
TABLES = {"STAGES", "ENDS"}
COUNTING = {"add_metric", "single_metric", "_add_time", "_count"}


def emitted() -> set[str]:
    """Return the names of the metrics that the code counts, by where such names stand."""
    files = [PROJECT / "shared/dexec/telemetry.py", *PROJECT.glob("functions/*/*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    return {name for node in nodes for name in named(node)}


def named(node: ast.AST) -> set[str]:
    """Return the metrics that one call counts, or that a table of them names."""
    if isinstance(node, ast.Call):
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        inside = node.args[:2] if called in COUNTING else []
    else:
        is_table = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TABLES
        inside = cast(ast.Dict, cast(ast.Assign, node).value).values if is_table else []
    texts = [part.value for one in inside for part in ast.walk(one) if isinstance(part, ast.Constant)]
    return {text for text in texts if isinstance(text, str)}


def test_every_alarm_has_its_entry_in_the_runbook_and_every_entry_its_alarm() -> None:
    entries = re.findall(r"^## (\w+Alarm)$", RUNBOOK, re.MULTILINE)
    assert sorted(entries) == sorted(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_an_entry_says_what_it_means_where_to_look_and_what_to_do(name: str) -> None:
    entry = RUNBOOK.split(f"## {name}\n")[1].split("\n## ")[0]
    assert all(f"**{word}.**" in entry for word in ("Means", "Look", "Do"))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_links_its_entry_and_watches_something_that_is_counted(name: str) -> None:
    alarm = ALARMS[name]
    assert str(alarm["AlarmDescription"]).endswith(f"docs/runbook.md#{name.lower()}")
    for metric in cloudwatch.metrics(alarm).values():
        if not str(metric.namespace).startswith("AWS/"):
            assert metric.namespace == {"Ref": "AWS::StackName"}
            assert metric.name in emitted()


def test_every_function_that_counts_counts_what_no_code_expects() -> None:
    code: dict[str, str] = defaultdict(str)
    for path in PROJECT.glob("functions/*/*.py"):
        code[path.parent.name] += path.read_text()
    counting = {name for name, text in code.items() if "make_metrics(" in text}
    # What handles the messages of a queue counts by itself.
    calls = re.compile(r"count_unexpected\(|batch_handler\(")
    assert {name for name, text in code.items() if calls.search(text)} == counting
    assert "count_unexpected(" in (PROJECT / "shared/dexec/batches.py").read_text()
    assert "Dimensions" not in ALARMS["UnexpectedErrorsAlarm"], "one alarm for all functions"


def shown() -> list[list[Any]]:
    """Return the metrics of the dashboard."""
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard").values()
    body = cast(Node, dashboard["DashboardBody"])["Fn::Sub"]
    return [
        metric for widget in json.loads(str(body))["widgets"] for metric in widget["properties"]["metrics"]
    ]


def test_what_is_counted_is_watched() -> None:
    """Each metric costs by the month: one that no alarm and no widget shows is not worth its price."""
    ours = {metric[1] for metric in shown() if metric[0] == "${AWS::StackName}"}
    alarms = {
        value for alarm in ALARMS.values() for path, value in walk(alarm) if path[-1:] == ("MetricName",)
    }
    assert emitted() <= ours | alarms


def test_the_dashboard_shows_only_what_is_counted() -> None:
    ours = {metric[1] for metric in shown() if metric[0] == "${AWS::StackName}"}
    assert len(ours) >= 8
    assert ours <= emitted()
    assert any("reason} OrdersFailed" in metric[0]["expression"] for metric in shown() if len(metric) == 1)
