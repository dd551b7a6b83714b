"""The ``Push`` port on API Gateway's connection management."""

from __future__ import annotations

from urllib.parse import quote

from dexec.adapters.signed_http import UNREACHABLE, SignedHttp
from dexec.ports import Delivery

_GONE = 410


class ApiGatewayPush:
    """Posts frames to WebSocket connections; each is tried once, for what fails is told later."""

    def __init__(self, http: SignedHttp) -> None:
        self._http = http

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Send one frame; 410 means that the connection is gone, anything else may pass."""
        path = f"/@connections/{quote(connection_id, safe='')}"
        try:
            answer = self._http.post(path, frame, {"content-type": "application/octet-stream"})
        except UNREACHABLE:
            return Delivery.FAILED
        if answer.status == _GONE:
            return Delivery.GONE
        return Delivery.DELIVERED if answer.status < 300 else Delivery.FAILED
