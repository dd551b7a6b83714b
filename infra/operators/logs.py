"""The functions' log lines of a stack on AWS."""

from __future__ import annotations

import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dexec.domain.ids import is_order_id, time_of
from infra.local.logs import LogReader
from infra.operators.access import NoAccess, stack_outputs

RECENT_S = 3600
"""How far back lines are read when no order says when it began."""


def on_aws(stack: str, order_id: str | None) -> LogReader:
    """Return what reads one order's lines, or those of the last hour. Raises ``NoAccess``.

    CloudWatch Logs finds the order's lines itself, and an order id says since when there are any.
    """
    since = time.time() - RECENT_S
    pattern = None
    if order_id is not None:
        pattern = f'"{order_id}"'
        since = time_of(order_id).timestamp() - 1 if is_order_id(order_id) else 0
    try:
        session = boto3.Session()
        group = stack_outputs(session.client("cloudformation"), stack)["LogGroup"]
        return LogReader(session.client("logs"), group, since, pattern)
    except (BotoCoreError, ClientError) as exc:
        raise NoAccess(f"the stack {stack} cannot be reached: {exc}") from exc
    except KeyError as exc:
        raise NoAccess(f"the stack {stack} is not a dexec stack: it has no output {exc}") from exc
