"""Lambda function of a CloudFormation custom resource: migrates the schema when the stack is deployed."""

from __future__ import annotations

import json
from typing import Any

import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext

from dexec.bootstrap import container
from dexec.telemetry import make_logger

logger = make_logger("migrate")

PHYSICAL_ID = "dexec-schema"
ANSWER_TIMEOUT_S = 10


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Migrate on create and update; deleting the resource leaves the schema and all data alone."""
    try:
        applied = [] if event["RequestType"] == "Delete" else container().migrate()
        logger.info("schema is up to date", applied=applied)
        _answer(event, "SUCCESS", ", ".join(applied) or "nothing to apply")
    except Exception as exc:
        logger.exception("migration failed")
        log_stream = getattr(context, "log_stream_name", "its log")
        _answer(event, "FAILED", f"{type(exc).__name__}; see {log_stream}")


def _answer(event: dict[str, Any], status: str, reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", PHYSICAL_ID),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    headers = {"content-type": ""}
    url = event["ResponseURL"]
    answer = urllib3.request("PUT", url, body=json.dumps(body), headers=headers, timeout=ANSWER_TIMEOUT_S)
    logger.info("answered CloudFormation", status=status, http_status=answer.status)
