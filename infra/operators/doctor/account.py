"""Checks of an AWS account before a deploy: credentials, regions and quotas."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from infra.operators.doctor.finding import Finding, note, ok, problem

EXECUTORS = 10
"""Default of the template's parameter MaxConcurrency, which it reserves."""

UNRESERVED = 100
"""Concurrency that Lambda keeps for functions without a reservation (AWS Lambda developer guide)."""

CONCURRENCY_QUOTA = "L-B99A9384"
"""Service Quotas' code of Lambda's concurrent executions."""

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def examine() -> Iterator[Finding]:
    """Yield what each check of the environment's account finds; without credentials nothing more is asked."""
    session = boto3.Session()
    region = session.region_name
    if not region:
        yield problem("AWS region", "none is set", "set one: export AWS_DEFAULT_REGION=us-east-1")
        return
    try:
        arn = session.client("sts", config=_CONFIG).get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError) as exc:
        fix = "sign in: aws sso login, or aws configure"
        yield problem("AWS account", f"no valid AWS credentials: {exc}", fix)
        return
    yield ok("AWS account", f"{arn} in {region}")
    try:
        settings = session.client("lambda", config=_CONFIG).get_account_settings()
        yield _concurrency(settings["AccountLimit"]["ConcurrentExecutions"])
    except (BotoCoreError, ClientError) as exc:
        yield note("AWS concurrency", f"could not be read: {exc}", "allow lambda:GetAccountSettings")
    yield _database(session)


def _database(session: boto3.Session) -> Finding:
    """Ask the region's Aurora DSQL: where it is not offered, its endpoint has no address.

    botocore's list of regions has none for it.
    """
    try:
        session.client("dsql", config=_CONFIG).list_clusters(maxResults=1)
    except EndpointConnectionError:
        fix = "choose another region, or bring your own PostgreSQL: docs/deploy.md says how"
        return problem("AWS database", f"{session.region_name} does not offer Aurora DSQL", fix)
    except ClientError:
        # A refusal is an answer, too.
        pass
    return ok("AWS database", "Aurora DSQL is offered there")


def _concurrency(allowed: int) -> Finding:
    if allowed >= EXECUTORS + UNRESERVED:
        return ok("AWS concurrency", f"{allowed} invocations at once, {EXECUTORS} to be reserved")
    fix = (
        "deploy with --parameter-overrides 'ReserveConcurrency=false MaxConcurrency=4', or ask for more: "
        f"aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {CONCURRENCY_QUOTA} --desired-value 1000"
    )
    return problem("AWS concurrency", f"{allowed} invocations at once; none of them can be reserved", fix)
