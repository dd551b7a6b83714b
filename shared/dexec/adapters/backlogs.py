"""The ``Backlogs`` port: an asynchronous invocation of the WebSocket function by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dexec.domain.errors import Unavailable
from dexec.ports import Connection

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaBacklogs:
    """Nothing can be posted to a connection while ``$connect`` runs, so another invocation does it."""

    def __init__(self, client: LambdaClient, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def send_soon(self, order_id: str, connection: Connection) -> None:
        """Have the backlog sent by an invocation of its own."""
        subscribe = {
            "orderId": order_id,
            "connectionId": connection.connection_id,
            "clientId": connection.client_id,
        }
        try:
            self._client.invoke(
                FunctionName=self._function_name,
                InvocationType="Event",
                Payload=json.dumps({"subscribe": subscribe}).encode(),
            )
        except (BotoCoreError, ClientError) as exc:
            raise Unavailable("the backlog cannot be sent at the moment") from exc
