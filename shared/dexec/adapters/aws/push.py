"""The ``Push`` port on API Gateway's connection management."""

from __future__ import annotations

from urllib.parse import quote

from dexec.adapters.aws.signed_http import UNREACHABLE, Answer, SignedHttp
from dexec.ports import Delivery

_GONE = 410


class ApiGatewayPush:
    """Posts frames to WebSocket connections; each is tried once: what fails is delivered later."""

    def __init__(self, http: SignedHttp) -> None:
        self._http = http

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Send one frame; 410 means that the connection is gone, any other error may be transient."""
        headers = {"content-type": "application/octet-stream"}
        try:
            answer = self._http.post(_path(connection_id), frame, headers)
        except UNREACHABLE:
            return Delivery.FAILED
        return _delivery(answer)

    def close(self, connection_id: str) -> Delivery:
        """Close a connection; one that could not be closed is to be tried again."""
        try:
            return _delivery(self._http.delete(_path(connection_id)))
        except UNREACHABLE:
            return Delivery.FAILED


def _delivery(answer: Answer) -> Delivery:
    if answer.status == _GONE:
        return Delivery.GONE
    return Delivery.DELIVERED if answer.status < 300 else Delivery.FAILED


def _path(connection_id: str) -> str:
    return f"/@connections/{quote(connection_id, safe='')}"
