"""The ``Starter`` port: an asynchronous invocation of the trigger function."""

from __future__ import annotations

import json

from dexec.adapters.aws.signed_http import UNREACHABLE, SignedHttp
from dexec.domain.errors import Unavailable

_ACCEPTED = 202


class LambdaStarter:
    """The trigger function runs for a minute: nothing waits for its answer."""

    def __init__(self, http: SignedHttp, function_name: str) -> None:
        self._http = http
        self._path = f"/2015-03-31/functions/{function_name}/invocations"

    def start(self, shard: int, *, scheduled: bool = False) -> None:
        """Have a shard ticked by an invocation of its own."""
        payload = json.dumps({"shard": shard, "scheduled": scheduled}).encode()
        headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
        try:
            answer = self._http.post(self._path, payload, headers)
        except UNREACHABLE as exc:
            raise Unavailable("the trigger function cannot be started at the moment") from exc
        if answer.status != _ACCEPTED:
            raise Unavailable("the trigger function cannot be started at the moment")
