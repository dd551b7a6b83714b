"""Checks of an AWS account before a deploy: credentials, regions and quotas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

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


class Account(Protocol):
    """Queries of an account; each call raises boto's errors."""

    region: str | None

    def identity(self) -> str:
        """Return the ARN of the caller."""

    def concurrency(self) -> int:
        """Return how many Lambda invocations the account allows at once."""

    def has_dsql(self) -> bool:
        """Return whether the region offers Aurora DSQL."""


class BotoAccount:
    """The account of the environment's credentials."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self.region: str | None = self._session.region_name

    def identity(self) -> str:
        """Return the ARN of the caller."""
        return self._session.client("sts", config=_CONFIG).get_caller_identity()["Arn"]

    def concurrency(self) -> int:
        """Return how many Lambda invocations the account allows at once."""
        settings = self._session.client("lambda", config=_CONFIG).get_account_settings()
        return settings["AccountLimit"]["ConcurrentExecutions"]

    def has_dsql(self) -> bool:
        """Return whether the region offers Aurora DSQL: elsewhere its endpoint has no address.

        botocore's list of regions has none for it.
        """
        try:
            self._session.client("dsql", config=_CONFIG).list_clusters(maxResults=1)
        except EndpointConnectionError:
            return False
        except ClientError:
            # A refusal is an answer, too.
            return True
        return True


def examine(account: Account) -> Iterator[Finding]:
    """Yield what each check finds; without credentials nothing more can be asked."""
    if not account.region:
        yield problem("AWS region", "none is set", "set one: export AWS_DEFAULT_REGION=us-east-1")
        return
    try:
        yield ok("AWS account", f"{account.identity()} in {account.region}")
    except (BotoCoreError, ClientError) as exc:
        yield problem(
            "AWS account", f"no valid AWS credentials: {exc}", "sign in: aws sso login, or aws configure"
        )
        return
    try:
        yield _concurrency(account.concurrency())
    except (BotoCoreError, ClientError) as exc:
        yield note("AWS concurrency", f"could not be read: {exc}", "allow lambda:GetAccountSettings")
    if account.has_dsql():
        yield ok("AWS database", "Aurora DSQL is offered there")
    else:
        fix = "choose another region, or bring your own PostgreSQL: docs/deploy.md says how"
        yield problem("AWS database", f"{account.region} does not offer Aurora DSQL", fix)


def _concurrency(allowed: int) -> Finding:
    if allowed >= EXECUTORS + UNRESERVED:
        return ok("AWS concurrency", f"{allowed} invocations at once, {EXECUTORS} to be reserved")
    fix = (
        "deploy with --parameter-overrides 'ReserveConcurrency=false MaxConcurrency=4', or ask for more: "
        f"aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {CONCURRENCY_QUOTA} --desired-value 1000"
    )
    return problem("AWS concurrency", f"{allowed} invocations at once; none of them can be reserved", fix)
