"""Reads the billed resources from template.yaml, so that their numbers are not repeated here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

from dexec.telemetry import FAILURES
from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT

FUNCTIONS = {"accept": "HttpApiFunction", "execute": "ExecutorFunction"}
_MINUTES = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60}


class Stack(NamedTuple):
    """The parts that cost, with the parameters' defaults.

    ``memory_mb`` is by the model's name of a function, ``custom_metrics`` are what alarms and dashboard
    watch (a test holds that nothing else is counted), ``sweeps_an_hour`` and ``watches_an_hour`` what the
    schedules of the sweeper and of the trigger come to.
    """

    memory_mb: dict[str, int]
    sweeper_mb: int
    trigger_mb: int
    alarm_metrics: int
    dashboards: int
    custom_metrics: int
    polled_queues: int
    sweeps_an_hour: float
    watches_an_hour: float
    retention_days: int
    log_retention_days: int
    is_traced: bool = False
    secrets: int = 0


@cache
def stack(path: Path = PROJECT / "template.yaml") -> Stack:
    """Return what a template deploys by default: with Aurora DSQL, alarms and dashboard."""
    source = template.load(path)
    parameters = cast("dict[str, Node]", source["Parameters"])
    alarms = [*_of_type(source, "AWS::CloudWatch::Alarm")]
    dashboards = [*_of_type(source, "AWS::CloudWatch::Dashboard")]
    watched = {metric for alarm in alarms for metric in _of_alarm(alarm)}
    shown = {metric for board in dashboards for metric in _of_dashboard(board)}
    ours = {metric for metric in watched | shown if metric[0] == "AWS::StackName"}
    by_reason = any("reason" in json.dumps(board) for board in dashboards)
    return Stack(
        memory_mb={name: _memory(source, function) for name, function in FUNCTIONS.items()},
        sweeper_mb=_memory(source, "SweeperFunction"),
        trigger_mb=_memory(source, "TriggerFunction"),
        alarm_metrics=sum(len([*_of_alarm(alarm)]) for alarm in alarms),
        dashboards=len(dashboards),
        # A failed order counts by its reason as well: as many metrics as there are reasons, and "other".
        custom_metrics=len(ours) + (len(FAILURES) + 1 if by_reason else 0),
        polled_queues=len([*_of_type(source, "AWS::Lambda::EventSourceMapping")]),
        sweeps_an_hour=_runs_an_hour(source, "SweeperFunction"),
        watches_an_hour=_runs_an_hour(source, "TriggerFunction"),
        retention_days=int(str(parameters["RetentionDays"]["Default"])),
        log_retention_days=int(str(parameters["LogRetentionDays"]["Default"])),
        is_traced=parameters["XRay"]["Default"] == "Active",
    )


def _resources(source: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", source["Resources"])


def _of_type(source: Node, kind: str) -> Iterator[Node]:
    for resource in _resources(source).values():
        if resource["Type"] == kind:
            yield cast(Node, resource["Properties"])


def _memory(source: Node, function: str) -> int:
    own = cast(Node, _resources(source)[function]["Properties"]).get("MemorySize")
    common = cast(Node, cast(Node, source["Globals"])["Function"])["MemorySize"]
    return int(str(own or common))


Metric = tuple[str, ...]
"""Namespace, name, dimensions."""


def _of_alarm(alarm: Node) -> Iterator[Metric]:
    """Yield the metrics that an alarm evaluates: its own, or those that its expression is made of."""
    stats = [one["MetricStat"] for one in cast("list[Node]", alarm.get("Metrics", [])) if "MetricStat" in one]
    found = [cast(Node, cast(Node, stat)["Metric"]) for stat in stats] or [alarm]
    for metric in found:
        dimensions = cast("list[Node]", metric.get("Dimensions", []))
        pairs = sorted(f"{one['Name']}={one['Value']}" for one in dimensions)
        yield _ref(metric["Namespace"]), str(metric["MetricName"]), *pairs


def _of_dashboard(board: Node) -> Iterator[Metric]:
    body = cast(Node, board["DashboardBody"])["Fn::Sub"]
    for widget in json.loads(str(body))["widgets"]:
        for shown in widget["properties"].get("metrics", []):
            if isinstance(shown[0], str):
                namespace, name, *rest = [part for part in shown if isinstance(part, str)]
                pairs = [f"{key}={value}" for key, value in zip(rest[::2], rest[1::2], strict=True)]
                yield namespace.strip("${}"), name, *sorted(pairs)


def _ref(value: Json) -> str:
    return str(value["Ref"]) if isinstance(value, dict) else str(value)


def _runs_an_hour(source: Node, function: str) -> float:
    """Return how often the schedules of a function run it."""
    events = cast("dict[str, Node]", cast(Node, _resources(source)[function]["Properties"]).get("Events", {}))
    return sum(_an_hour(event) for event in events.values() if event["Type"] == "Schedule")


def _an_hour(event: Node) -> float:
    rate = str(cast(Node, event["Properties"])["Schedule"])
    number, unit = rate.removeprefix("rate(").removesuffix(")").split()
    return 60 / (float(number) * _MINUTES[unit])
