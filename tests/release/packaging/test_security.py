"""What the template lets whom do, and what it keeps to itself: read after the SAM transform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, cast

import pytest

from infra.json_types import Json, Node
from tests.release.packaging.transformed import listed, of_type, referred, section, walk

DATABASE_SECRET = "secretsmanager:GetSecretValue"
DATABASE = {"dsql:DbConnect", DATABASE_SECRET}
PUSH = {"execute-api:ManageConnections"}
START = {"lambda:InvokeFunction"}
CONSUME = {
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}
ALLOWED: dict[str, set[str]] = {
    "HttpApiFunction": DATABASE | PUSH | START | {"sqs:SendMessage", "sqs:GetQueueAttributes"},
    "WebSocketFunction": DATABASE | PUSH | START | {"sqs:SendMessage"},
    "ExecutorFunction": DATABASE | PUSH | START | CONSUME | {"sqs:SendMessage"},
    "DeadLettersFunction": DATABASE | PUSH | START | CONSUME | {"sqs:SendMessage"},
    "SweeperFunction": DATABASE | PUSH | {"sqs:SendMessage", "sqs:GetQueueAttributes"},
    "TriggerFunction": DATABASE | PUSH | START | {"sqs:SendMessage", "sqs:GetQueueAttributes"},
    "WebhooksFunction": DATABASE | CONSUME | {"sqs:SendMessage"},
    "MigrateFunction": {"dsql:DbConnectAdmin", DATABASE_SECRET},
}

WILDCARDS = {
    "*/@connections/*": "the route key and the connections, which exist only at run time, of one stage",
}
MANAGED = {
    "AWSLambdaBasicExecutionRole": "SAM attaches it: writing one's own log",
    "AWSXrayWriteOnlyAccess": "SAM attaches it where Tracing is set: sending traces, which name no resource",
}


class Grant(NamedTuple):
    """One allowed action on one resource."""

    action: str
    resource: Json


@cache
def grants() -> dict[str, list[Grant]]:
    """Return what each role may do, over all the policies that reach it."""
    found: dict[str, list[Grant]] = {}
    for name, role in of_type("AWS::IAM::Role").items():
        inline = [cast(Node, policy) for policy in listed(role.get("Policies"))]
        policies = [policy["PolicyDocument"] for policy in inline]
        policies += [_document(reference) for reference in listed(role.get("ManagedPolicyArns"))]
        for policy in of_type("AWS::IAM::Policy").values():
            if name in referred(policy["Roles"]):
                policies.append(policy["PolicyDocument"])
        found[name] = [grant for policy in policies for grant in _grants(policy)]
    return found


def _document(reference: Json) -> Json:
    """Return the document of a policy of ours; one of AWS's is looked at elsewhere."""
    (name,) = referred(reference) or {""}
    return of_type("AWS::IAM::ManagedPolicy")[name]["PolicyDocument"] if name else None


def _grants(policy: Json) -> Iterator[Grant]:
    for path, node in walk(policy):
        if isinstance(node, dict) and "Effect" in node:
            assert node["Effect"] == "Allow", path
            assert "NotAction" not in node, path
            assert "NotResource" not in node, path
            for action in listed(node["Action"]):
                for resource in listed(node["Resource"]):
                    yield Grant(str(action), resource)


def _role_of(function: Node) -> str:
    (role,) = referred(function["Role"])
    return role


def test_every_function_has_a_role_of_its_own() -> None:
    functions = of_type("AWS::Lambda::Function")
    roles = [_role_of(function) for function in functions.values()]
    assert len(set(roles)) == len(functions) == len(ALLOWED)
    assert set(roles) == set(of_type("AWS::IAM::Role"))


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_may_do_what_it_does_and_nothing_else(function: str) -> None:
    role = _role_of(of_type("AWS::Lambda::Function")[function])
    assert {grant.action for grant in grants()[role]} == ALLOWED[function]


ORDERS: Json = {"Fn::GetAtt": ["OrderQueue", "Arn"]}
DEAD_LETTERS: Json = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
WEBHOOKS: Json = {"Fn::GetAtt": ["WebhookQueue", "Arn"]}
HINT = ("WebhookQueue", "sqs:SendMessage")
ON_QUEUES: dict[str, set[tuple[str, str]]] = {
    "HttpApiFunction": {("OrderQueue", "sqs:SendMessage"), ("OrderQueue", "sqs:GetQueueAttributes"), HINT},
    "WebSocketFunction": {("OrderQueue", "sqs:SendMessage"), HINT},
    "ExecutorFunction": {HINT, *(("OrderQueue", action) for action in CONSUME)},
    "WebhooksFunction": {HINT, *(("WebhookQueue", action) for action in CONSUME)},
    "DeadLettersFunction": {
        HINT,
        ("OrderQueue", "sqs:SendMessage"),
        *(("DeadLetterQueue", action) for action in CONSUME),
    },
    "SweeperFunction": {("OrderQueue", "sqs:SendMessage"), ("OrderQueue", "sqs:GetQueueAttributes"), HINT},
    "TriggerFunction": {("OrderQueue", "sqs:SendMessage"), ("OrderQueue", "sqs:GetQueueAttributes"), HINT},
    "MigrateFunction": set(),
}


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_reaches_the_queues_that_it_uses_and_no_other(function: str) -> None:
    role = _role_of(of_type("AWS::Lambda::Function")[function])
    found = [grant for grant in grants()[role] if grant.action.startswith("sqs:")]
    assert all(grant.resource in (ORDERS, DEAD_LETTERS, WEBHOOKS) for grant in found)
    named = {(next(iter(referred(grant.resource))), grant.action) for grant in found}
    assert named == ON_QUEUES[function]


def test_the_websocket_function_invokes_itself_and_who_stores_what_waits_the_trigger() -> None:
    invoked = {
        (role, next(iter(referred(grant.resource))))
        for role, granted in grants().items()
        for grant in granted
        if grant.action == "lambda:InvokeFunction"
    }
    starting = ("HttpApi", "WebSocket", "Executor", "DeadLetters", "Trigger")
    started = {(f"{name}FunctionRole", "TriggerFunction") for name in starting}
    assert invoked == started | {("WebSocketFunctionRole", "WebSocketFunction")}


def test_pushes_go_to_the_sockets_of_this_stack() -> None:
    given = [grant for granted in grants().values() for grant in granted]
    pushed = [grant.resource for grant in given if grant.action == "execute-api:ManageConnections"]
    arn = (
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
        "${WebSocketApi}/live/*/@connections/*"
    )
    # All but the migration: HTTP, too, tells streams of orders that wait.
    assert pushed == [{"Fn::Sub": arn}] * 6


def test_aurora_dsql_is_open_to_this_stack_and_its_administrator_is_the_migration() -> None:
    cluster: Json = {"Fn::GetAtt": ["Database", "ResourceArn"]}
    for role, given in grants().items():
        (connects,) = [grant for grant in given if grant.action.startswith("dsql:")]
        is_admin = role == "MigrateFunctionRole"
        assert connects == Grant("dsql:DbConnectAdmin" if is_admin else "dsql:DbConnect", cluster)


def test_wildcards_are_those_that_have_a_reason() -> None:
    for role, given in grants().items():
        for grant in given:
            assert "*" not in grant.action, (role, grant)
            texts = [str(value) for _, value in walk(grant.resource) if isinstance(value, str)]
            for text in texts:
                rest = text
                for known in WILDCARDS:
                    rest = rest.replace(known, "")
                assert "*" not in rest, (role, grant)


def test_no_policy_of_aws_is_attached_without_a_reason() -> None:
    for role in of_type("AWS::IAM::Role").values():
        for reference in listed(role.get("ManagedPolicyArns")):
            if isinstance(reference, str):
                assert reference.rsplit("/", 1)[-1] in MANAGED


def test_only_lambda_takes_the_roles() -> None:
    for role in of_type("AWS::IAM::Role").values():
        policy = walk(role["AssumeRolePolicyDocument"])
        principals = [node for path, node in policy if path[-1:] == ("Service",)]
        assert principals == [["lambda.amazonaws.com"]]


def test_functions_are_invoked_by_the_apis_and_rules_of_this_stack_only() -> None:
    for name, permission in of_type("AWS::Lambda::Permission").items():
        assert permission["Principal"] in {"apigateway.amazonaws.com", "events.amazonaws.com"}
        assert permission["SourceArn"], name


def test_queues_are_encrypted_and_closed_to_plain_http() -> None:
    queues = of_type("AWS::SQS::Queue")
    assert len(queues) == 4
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    refused: set[str] = set()
    for policy in of_type("AWS::SQS::QueuePolicy").values():
        (statement,) = listed(cast(Node, policy["PolicyDocument"])["Statement"])
        assert isinstance(statement, dict)
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        refused |= referred(policy["Queues"])
    assert refused == set(queues)


def test_logs_are_kept_for_a_time_and_no_function_logs_elsewhere() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    for function in of_type("AWS::Lambda::Function").values():
        assert referred(function["LoggingConfig"]) == set(groups)


def test_the_stack_gets_the_secret_of_the_database_url_and_never_the_url() -> None:
    parameters = section("Parameters")
    # `sam deploy --guided` cannot leave a NoEcho parameter empty, and other parameters can be read.
    assert not [name for name, parameter in parameters.items() if "NoEcho" in parameter]
    assert re.fullmatch(str(parameters["DatabaseSecretArn"]["AllowedPattern"]), "")
    assert not of_type("AWS::SecretsManager::Secret")
    reads = [grant for role in grants().values() for grant in role if grant.action == DATABASE_SECRET]
    assert len(reads) == len(ALLOWED)
    assert all(grant.resource == {"Ref": "DatabaseSecretArn"} for grant in reads)


@pytest.mark.parametrize(
    ("arn", "whole"),
    [
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:dexec/database-Ab1Cd2", True),
        ("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:dexec-x-000000", True),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:dexec/database", False),
        ("postgresql://user:password@host/dexec", False),
    ],
)
def test_a_secret_is_named_by_its_whole_arn(arn: str, whole: bool) -> None:
    pattern = str(section("Parameters")["DatabaseSecretArn"]["AllowedPattern"])
    assert bool(re.fullmatch(pattern, arn)) is whole


def test_no_environment_variable_or_output_resolves_a_secret() -> None:
    environments = [function["Environment"] for function in of_type("AWS::Lambda::Function").values()]
    for _, value in walk([*environments, cast(Json, section("Outputs"))]):
        if isinstance(value, str):
            assert "resolve:" not in value
            assert "SecretString" not in value
    for environment in environments:
        names = cast(Node, cast(Node, environment)["Variables"])
        assert not {name for name in names if "PASSWORD" in name or "TOKEN" in name or name.endswith("_KEY")}


def test_history_outlives_the_stack() -> None:
    database = section("Resources")["Database"]
    assert database["UpdateReplacePolicy"] == "Retain"
    assert database["DeletionPolicy"] == "RetainExceptOnCreate", "else a first deploy that fails leaves one"
    assert cast(Node, database["Properties"])["DeletionProtectionEnabled"] == {"Ref": "ProtectDatabase"}
    # A protected cluster cannot be rolled back, so nothing is protected before it has once been deployed.
    assert section("Parameters")["ProtectDatabase"]["Default"] == "false"


def test_other_origins_are_closed_out_unless_one_is_named() -> None:
    assert section("Parameters")["CorsOrigin"]["Default"] == "https://nobody.invalid"
    everything = walk(cast(Json, section("Resources")))
    origins = [value for path, value in everything if path[-1:] == ("allowOrigins",)]
    assert origins == [["https://nobody.invalid"]]


def test_both_apis_are_throttled() -> None:
    stages = of_type("AWS::ApiGatewayV2::Stage")
    assert len(stages) == 2
    for stage in stages.values():
        assert referred(stage["DefaultRouteSettings"]) == {"ApiRateLimit", "ApiBurstLimit"}
