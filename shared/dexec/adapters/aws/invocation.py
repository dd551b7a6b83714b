"""Asynchronous invocations of a Lambda function: it is started, and nothing waits for its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dexec.adapters.aws.signed_http import UNREACHABLE, SignedHttp
from dexec.domain.errors import Unavailable

_ACCEPTED = 202


class Invocation:
    """Starts one function; ``refusal`` is what is said where that cannot be done."""

    def __init__(self, http: SignedHttp, function_name: str, refusal: str) -> None:
        self._http = http
        self._path = f"/2015-03-31/functions/{function_name}/invocations"
        self._refusal = refusal

    def __call__(self, payload: Mapping[str, object]) -> None:
        """Have the function run with this event; raise ``Unavailable``."""
        headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
        try:
            answer = self._http.post(self._path, json.dumps(payload).encode(), headers)
        except UNREACHABLE as exc:
            raise Unavailable(self._refusal) from exc
        if answer.status != _ACCEPTED:
            raise Unavailable(self._refusal)
