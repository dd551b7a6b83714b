"""The ``HookQueue`` port on SQS."""

from __future__ import annotations

import json

from dexec.adapters.aws.queue import SqsCalls
from dexec.adapters.aws.signed_http import SignedHttp
from dexec.ports import Hint


class SqsHookQueue:
    """A standard queue whose message body is ``{"hookId": …, "orderId": …, "clientId": …}``."""

    def __init__(self, http: SignedHttp, url: str) -> None:
        self._calls = SqsCalls(http, url, "webhook queue")

    def send(self, hint: Hint, delay_s: int) -> None:
        """Put a message on the queue; the client is its message group, so that queuing is fair."""
        body = {"hookId": hint.hook_id, "orderId": hint.order_id, "clientId": hint.client_id}
        self._calls.send(json.dumps(body), hint.client_id, delay_s)
