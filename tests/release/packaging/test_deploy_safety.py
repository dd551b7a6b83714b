"""What a deploy refuses, what it runs again, and what it leaves of a new account: read from template.yaml."""

from __future__ import annotations

import itertools
import shlex
import tomllib
from typing import cast

import pytest

from dexec.adapters.post import TIMEOUT_S
from dexec.usecases.deliver_webhooks import LEASE_S, RESERVE_S
from dexec.usecases.steps import RESERVE_S as RESERVE_AT_THE_END_S
from functions.trigger.app import PATIENCE_S
from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT
from tests.release.packaging.transformed import of_type, referred, section

SOURCE = template.load(PROJECT / "template.yaml")
PARAMETERS = cast("dict[str, Node]", SOURCE["Parameters"])
CONFIGURATION = tomllib.loads((PROJECT / "samconfig.toml").read_text())
NEW_ACCOUNT = 10
"""Concurrent executions of a new account, of which Lambda keeps ten unreserved."""


def holds(node: Json, values: dict[str, str]) -> Json:
    """Evaluate a function of the Rules section."""
    if isinstance(node, list):
        return [holds(item, values) for item in node]
    if not isinstance(node, dict):
        return node
    ((function, argument),) = node.items()
    if function == "Ref":
        return values[str(argument)]
    left, *rest = cast("list[Json]", holds(argument, values))
    return {
        "Fn::Or": lambda: bool(left) or any(rest),
        "Fn::Not": lambda: not left,
        "Fn::Equals": lambda: left == rest[0],
        "Fn::Contains": lambda: rest[0] in cast("list[Json]", left),
    }[function]()


def refusals(values: dict[str, str]) -> set[str]:
    """Return what CloudFormation says of parameters that break a rule."""
    rules = cast("dict[str, Node]", SOURCE["Rules"]).values()
    assertions = [cast(Node, one) for rule in rules for one in cast("list[Json]", rule["Assertions"])]
    return {str(one["AssertDescription"]) for one in assertions if not holds(one["Assert"], values)}


def test_the_rules_let_exactly_those_timings_through_that_are_in_order() -> None:
    names = ("ExecutorTimeout", "LeaseSeconds", "QueueVisibility")
    choices = [cast("list[int]", PARAMETERS[name]["AllowedValues"]) for name in names]
    accepted = 0
    for timings in itertools.product(*choices):
        executor, lease, visibility = timings
        expected = set()
        if not executor < lease:
            expected.add("ExecutorTimeout has to be less than LeaseSeconds.")
        if not lease < visibility:
            expected.add("LeaseSeconds has to be less than QueueVisibility.")
        assert refusals(dict(zip(names, map(str, timings), strict=True))) == expected, timings
        accepted += not expected
    assert accepted > 20


def test_the_transform_keeps_the_rules() -> None:
    assert section("Rules") == SOURCE["Rules"]


def test_migrations_run_again_for_another_database_other_roles_and_other_code() -> None:
    schema = cast(Node, section("Resources")["Schema"]["Properties"])
    watched = referred([value for name, value in schema.items() if name != "ServiceToken"])
    (layer,) = of_type("AWS::Lambda::LayerVersion")
    roles = set(of_type("AWS::IAM::Role")) - {"MigrateFunctionRole"}
    assert watched == {layer, "Database", "DatabaseSecretArn"} | roles


def test_who_is_granted_access_is_who_makes_the_migrations_run_again() -> None:
    schema = cast(Node, section("Resources")["Schema"]["Properties"])
    migrate = of_type("AWS::Lambda::Function")["MigrateFunction"]
    variables = cast(Node, cast(Node, migrate["Environment"])["Variables"])
    assert referred(variables["DATABASE_ROLE_ARNS"]) == referred(schema["Roles"])


def overrides(environment: str) -> dict[str, str]:
    text = CONFIGURATION[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in shlex.split(text))


@pytest.mark.parametrize("environment", ["default", "prod"])
def test_samconfig_sets_parameters_that_exist(environment: str) -> None:
    assert overrides(environment).keys() <= PARAMETERS.keys()


def test_the_first_deploy_leaves_a_new_account_something_for_the_apis() -> None:
    first = overrides("default")
    assert first["ReserveConcurrency"] == "false"
    mappings = of_type("AWS::Lambda::EventSourceMapping")
    executor, dead_letters, webhooks = (
        cast(Node, mappings[name]["ScalingConfig"])["MaximumConcurrency"]
        for name in ("ExecutorMapping", "DeadLettersMapping", "WebhooksMapping")
    )
    _, _, senders = cast("list[int]", cast(Node, webhooks)["Fn::If"])
    assert executor == {"Ref": "MaxConcurrency"}
    sweeper, trigger, apis = 1, 1, 2
    taken = int(first["MaxConcurrency"]) + cast(int, dead_letters) + senders + sweeper + trigger + apis
    assert taken <= NEW_ACCOUNT


def test_where_the_account_allows_it_ten_orders_execute_at_a_time_on_reserved_concurrency() -> None:
    chosen = {name: str(PARAMETERS[name]["Default"]) for name in ("MaxConcurrency", "ReserveConcurrency")}
    assert chosen == {"MaxConcurrency": "10", "ReserveConcurrency": "true"}
    assert {name: overrides("prod")[name] for name in chosen} == chosen
    executor = of_type("AWS::Lambda::Function")["ExecutorFunction"]
    reserved = cast(Node, executor["ReservedConcurrentExecutions"])["Fn::If"]
    assert reserved == ["ConcurrencyReserved", {"Ref": "MaxConcurrency"}, {"Ref": "AWS::NoValue"}]
    condition = section("Conditions")["ConcurrencyReserved"]
    assert condition == {"Fn::Equals": [{"Ref": "ReserveConcurrency"}, "true"]}


@pytest.mark.parametrize(
    ("mapping", "queue", "function", "most"),
    [
        ("ExecutorMapping", "OrderQueue", "ExecutorFunction", {"Ref": "MaxConcurrency"}),
        ("DeadLettersMapping", "DeadLetterQueue", "DeadLettersFunction", 2),
        ("WebhooksMapping", "WebhookQueue", "WebhooksFunction", {"Fn::If": ["ConcurrencyReserved", 5, 2]}),
    ],
)
def test_a_function_takes_one_message_at_a_time_of_its_queue_and_hands_back_what_failed(
    mapping: str, queue: str, function: str, most: Json
) -> None:
    """Read from the template: a local deployment sets the executor's mapping itself."""
    assert of_type("AWS::Lambda::EventSourceMapping")[mapping] == {
        "FunctionName": {"Ref": function},
        "EventSourceArn": {"Fn::GetAtt": [queue, "Arn"]},
        "BatchSize": 1,
        "ScalingConfig": {"MaximumConcurrency": most},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }


def test_what_an_executor_gives_up_on_goes_to_the_dead_letters() -> None:
    queues = of_type("AWS::SQS::Queue")
    assert queues["OrderQueue"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
        "maxReceiveCount": {"Ref": "MaxReceives"},
    }
    for name in ("OrderQueue", "DeadLetterQueue"):
        assert queues[name]["VisibilityTimeout"] == {"Ref": "QueueVisibility"}
    assert queues["DeadLetterQueue"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "RedrivePolicy" not in queues["DeadLetterQueue"], "a dead letter is settled, however long it takes"


def test_a_message_of_a_webhook_returns_after_its_sender_and_the_lease_of_that() -> None:
    queues, functions = of_type("AWS::SQS::Queue"), of_type("AWS::Lambda::Function")
    sender = functions["WebhooksFunction"]
    assert cast(int, sender["Timeout"]) < LEASE_S < cast(int, queues["WebhookQueue"]["VisibilityTimeout"])
    assert TIMEOUT_S < RESERVE_S < cast(int, sender["Timeout"]), "a try fits into what is left"
    assert sender["ReservedConcurrentExecutions"] == {
        "Fn::If": ["ConcurrencyReserved", 5, {"Ref": "AWS::NoValue"}]
    }
    assert queues["WebhookQueue"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["WebhookDeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }


def test_the_sweeper_and_the_trigger_run_every_minute() -> None:
    rules = of_type("AWS::Events::Rule").values()
    assert {str(rule["ScheduleExpression"]) for rule in rules} == {"rate(1 minute)"}
    assert {name for rule in rules for name in referred(rule["Targets"])} == {
        "SweeperFunction",
        "TriggerFunction",
    }


def test_who_ticks_outlasts_the_minute_until_the_next_takes_over() -> None:
    function = of_type("AWS::Lambda::Function")["TriggerFunction"]
    assert cast(int, function["Timeout"]) >= 60 + RESERVE_AT_THE_END_S + PATIENCE_S
    retries = {
        name: one["MaximumRetryAttempts"]
        for one in of_type("AWS::Lambda::EventInvokeConfig").values()
        for name in referred(one["FunctionName"])
    }
    assert [retries[name] for name in ("SweeperFunction", "TriggerFunction")] == [0, 0]
