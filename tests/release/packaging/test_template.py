"""template.yaml against what it configures."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import cast

import pytest
from pydantic.alias_generators import to_pascal

from dexec.settings import Settings
from infra.json_types import Node
from infra.local import template
from infra.local.home import PROJECT

SOURCE = template.load(PROJECT / "template.yaml")
PARAMETERS = cast("dict[str, Node]", SOURCE["Parameters"])
RESOURCES = cast("dict[str, Node]", SOURCE["Resources"])


def variables(function: Node) -> Node:
    environment = cast(Node, function.get("Environment", {}))
    return cast(Node, environment.get("Variables", {}))


COMMON = variables(cast(Node, cast(Node, SOURCE["Globals"])["Function"]))
OWN = [
    variables(cast(Node, resource["Properties"]))
    for resource in RESOURCES.values()
    if resource["Type"] == "AWS::Serverless::Function"
]
VARIABLES = {name: value for function in (COMMON, *OWN) for name, value in function.items()}
FOR_SAM_LOCAL = {"database_url"}
"""Holds a password, so it is empty in a deployed function."""

MADE_BY_THE_STACK = {
    "database_role_arns",
    "dsql_endpoint",
    "order_queue_url",
    "trigger_function",
    "url_suffix",
    "webhook_queue_url",
    "websocket_url",
    "websocket_callback_url",
}


SCHEMAS = cast("dict[str, Node]", Settings.model_json_schema()["properties"])
NUMBERS_OF_SETTINGS = {
    to_pascal(name): number
    for name, schema in SCHEMAS.items()
    for number in cast("list[Node]", schema.get("anyOf", [schema]))
    if to_pascal(name) in PARAMETERS and "minimum" in number
}
NUMBERS_OF_AWS: dict[str, Node] = {
    "ApiRateLimit": {"minimum": 1},
    "ApiBurstLimit": {"minimum": 1},
    "FailedOrdersAlarmThreshold": {"minimum": 1},
    "SlowOrdersAlarmMs": {"minimum": 1},
    "MaxConcurrency": {"minimum": 2, "maximum": 1000},
    "MaxReceives": {"minimum": 1, "maximum": 1000},
}
"""What API Gateway, SQS and alarms take."""
KEPT_BY_CLOUDWATCH = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365}
"""Days, up to a year."""


def test_every_setting_is_an_environment_variable_of_the_functions() -> None:
    ours = {name for name in VARIABLES if not name.startswith("POWERTOOLS_")}
    assert ours == {name.upper() for name in Settings.model_fields}
    assert all(VARIABLES[name.upper()] == "" for name in FOR_SAM_LOCAL)


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - FOR_SAM_LOCAL - MADE_BY_THE_STACK))
def test_a_setting_is_a_parameter_with_the_same_default(name: str) -> None:
    parameter = to_pascal(name)
    assert VARIABLES[name.upper()] == {"Ref": parameter}
    assert PARAMETERS[parameter].get("MaxLength") == SCHEMAS[name].get("maxLength")
    if name == "retention_days":
        assert PARAMETERS[parameter]["Default"] == 90, "a history that grows for ever is no default on AWS"
        return
    default = PARAMETERS[parameter]["Default"]
    expected = Settings.model_fields[name].default
    if isinstance(expected, bool):
        assert default == str(expected).lower()
    elif isinstance(expected, int | Decimal):
        assert Decimal(str(default)) == expected
    else:
        assert default == (expected or "")


@pytest.mark.parametrize("parameter", sorted(NUMBERS_OF_SETTINGS | NUMBERS_OF_AWS))
def test_a_number_has_the_bounds_of_what_it_sets(parameter: str) -> None:
    """A parameter past them would deploy functions that do not start, or would not be deployed."""
    schema, given = (NUMBERS_OF_SETTINGS | NUMBERS_OF_AWS)[parameter], PARAMETERS[parameter]
    least, most = schema.get("minimum"), schema.get("maximum")
    if "AllowedValues" in given:
        allowed = cast("list[int]", given["AllowedValues"])
        assert cast(int, least) <= min(allowed) <= max(allowed) <= cast(int, most)
    else:
        assert (given.get("MinValue"), given.get("MaxValue")) == (least, most)


def test_defaults_are_those_that_documents_reckon_with() -> None:
    defaults = {"MaxReceives": 10, "ExecutorTimeout": 20, "LeaseSeconds": 25, "QueueVisibility": 30}
    defaults |= {"ApiRateLimit": 1_000, "ApiBurstLimit": 2_000}
    defaults |= {"FailedOrdersAlarmThreshold": 10, "SlowOrdersAlarmMs": 10_000}
    assert {PARAMETERS[name]["Default"] for name in ("Alarms", "MakeDashboard")} == {"true"}
    assert cast(Node, cast(Node, SOURCE["Globals"])["Function"])["Timeout"] == 10
    assert {name: PARAMETERS[name]["Default"] for name in defaults} == defaults


def test_a_switch_is_on_where_it_says_true() -> None:
    compared = re.findall(r'{"Ref": "(\w+)"}, "(\w+)"', json.dumps(SOURCE["Conditions"]))
    assert compared == [(name, "true") for name in ("ReserveConcurrency", "Alarms", "MakeDashboard")]


def test_periods_of_metrics_are_minutes() -> None:
    periods = re.findall(r"[pP]eriod\W+(\d+)", json.dumps(RESOURCES))
    assert {int(one) % 60 for one in periods} == {0}


def test_messages_are_kept_for_the_fourteen_days_that_sqs_takes() -> None:
    for queue in ("OrderQueue", "DeadLetterQueue", "WebhookDeadLetterQueue"):
        assert cast(Node, RESOURCES[queue]["Properties"])["MessageRetentionPeriod"] == 14 * 86_400


def test_logs_are_kept_as_long_as_they_can_be() -> None:
    assert set(cast("list[int]", PARAMETERS["LogRetentionDays"]["AllowedValues"])) <= KEPT_BY_CLOUDWATCH


@pytest.mark.parametrize("name", sorted(name for name, one in PARAMETERS.items() if "AllowedValues" in one))
def test_what_is_chosen_among_are_different_values_and_the_default_is_one(name: str) -> None:
    allowed = cast("list[object]", PARAMETERS[name]["AllowedValues"])
    assert len(set(allowed)) == len(allowed) > 1
    assert PARAMETERS[name].get("Default", allowed[0]) in allowed


def test_every_parameter_is_described() -> None:
    assert [name for name, parameter in PARAMETERS.items() if not parameter.get("Description")] == []
