"""The ``EventReplay`` port: an asynchronous invocation of the WebSocket function by itself."""

from __future__ import annotations

import json

from dexec.adapters.aws.signed_http import UNREACHABLE, SignedHttp
from dexec.domain.errors import Unavailable
from dexec.ports import Connection

_ACCEPTED = 202


class LambdaEventReplay:
    """Nothing can be posted to a connection while ``$connect`` runs, so another invocation does it."""

    def __init__(self, http: SignedHttp, function_name: str) -> None:
        self._http = http
        self._path = f"/2015-03-31/functions/{function_name}/invocations"

    def send_soon(self, order_id: str, connection: Connection) -> None:
        """Have the events sent by an invocation of its own."""
        subscribe = {
            "orderId": order_id,
            "connectionId": connection.connection_id,
            "clientId": connection.client_id,
        }
        payload = json.dumps({"subscribe": subscribe}).encode()
        headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
        try:
            answer = self._http.post(self._path, payload, headers)
        except UNREACHABLE as exc:
            raise Unavailable("past events cannot be sent at the moment") from exc
        if answer.status != _ACCEPTED:
            raise Unavailable("past events cannot be sent at the moment")
