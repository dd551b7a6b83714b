"""The ``EventReplay`` port: an asynchronous invocation of the WebSocket function by itself."""

from __future__ import annotations

from dexec.adapters.aws.invocation import Invocation
from dexec.adapters.aws.signed_http import SignedHttp
from dexec.ports import Connection


class LambdaEventReplay:
    """Nothing can be posted to a connection while ``$connect`` runs, so another invocation does it."""

    def __init__(self, http: SignedHttp, function_name: str) -> None:
        self._invoke = Invocation(http, function_name, "past events cannot be sent at the moment")

    def send_soon(self, order_id: str, connection: Connection) -> None:
        """Have the events sent by an invocation of its own."""
        subscribe = {
            "orderId": order_id,
            "connectionId": connection.connection_id,
            "clientId": connection.client_id,
        }
        self._invoke({"subscribe": subscribe})
