"""The ``Push`` port on API Gateway's connection management."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dexec.ports import Delivery

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


class ApiGatewayPush:
    """Posts frames to WebSocket connections."""

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        self._client = client

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Send one frame; 410 means that the connection is gone, anything else may pass."""
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=frame)
        except self._client.exceptions.GoneException:
            return Delivery.GONE
        except (BotoCoreError, ClientError):
            return Delivery.FAILED
        return Delivery.DELIVERED
