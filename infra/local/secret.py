"""Stores the database's URL in an emulator's Secrets Manager, where the template expects it."""

from __future__ import annotations

from secrets import token_hex

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.aws import Aws
from infra.local.errors import DeployFailed

_PREFIX = "dexec/database-"


def ensure(aws: Aws, database_url: str) -> str:
    """Return the ARN of the secret that holds ``database_url``; create it if there is none.

    Another URL gets another ARN, so that a deployment to another database changes the stack: its functions
    are updated and its schema is migrated. Raises ``DeployFailed``.
    """
    try:
        found = _find(aws, database_url)
        name = _PREFIX + token_hex(8)
        return found or aws.secrets.create_secret(Name=name, SecretString=database_url)["ARN"]
    except (ClientError, BotoCoreError) as exc:
        raise DeployFailed(f"storing the database's URL at {aws.endpoint_url} failed: {exc}") from exc


def _find(aws: Aws, database_url: str) -> str | None:
    for page in aws.secrets.get_paginator("list_secrets").paginate():
        for arn in (secret["ARN"] for secret in page["SecretList"] if secret["Name"].startswith(_PREFIX)):
            if aws.secrets.get_secret_value(SecretId=arn)["SecretString"] == database_url:
                return arn
    return None
