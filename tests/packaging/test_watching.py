"""Alarms and dashboard against the code that feeds them and the runbook that answers them."""

from __future__ import annotations

import ast
import json
import re
from typing import cast

import pytest

from infra.local.home import PROJECT
from infra.local.template import Node
from tests.packaging import cloudwatch
from tests.packaging.transformed import of_type

RUNBOOK = (PROJECT / "docs/runbook.md").read_text()
ALARMS = of_type("AWS::CloudWatch::Alarm")


def emitted() -> set[str]:
    """Return every text in capital letters of the code that counts: the names of metrics are among them."""
    files = [PROJECT / "shared/dexec/telemetry.py", *PROJECT.glob("functions/*/app.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"([A-Z][a-z]+)+", text)}


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
    code = {path.parent.name: path.read_text() for path in PROJECT.glob("functions/*/app.py")}
    counting = {name for name, text in code.items() if "make_metrics(" in text}
    assert {name for name, text in code.items() if "count_unexpected(" in text} == counting
    assert "Dimensions" not in ALARMS["UnexpectedErrorsAlarm"], "one alarm for all functions"


def test_the_dashboard_shows_only_what_is_counted() -> None:
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard").values()
    body = cast(Node, dashboard["DashboardBody"])["Fn::Sub"]
    widgets = json.loads(str(body))["widgets"]
    shown = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    ours = {metric[1] for metric in shown if metric[0] == "${AWS::StackName}"}
    assert len(ours) >= 8
    assert ours <= emitted()
    assert any("reason} OrdersFailed" in metric[0]["expression"] for metric in shown if len(metric) == 1)
