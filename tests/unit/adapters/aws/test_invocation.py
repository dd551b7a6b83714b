"""What is sent to have a function run, and what is said where it cannot be had."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast

import pytest

from dexec.adapters.aws.event_replay import LambdaEventReplay
from dexec.adapters.aws.signed_http import Answer, SignedHttp
from dexec.adapters.aws.starter import LambdaStarter
from dexec.domain.errors import Unavailable
from dexec.ports import Connection
from tests.support.fakes import START


class Lambda:
    """Answers with a status, or not at all."""

    def __init__(self, status: int | None = 202) -> None:
        self.status = status
        self.got: list[tuple[str, object, Mapping[str, str]]] = []

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.got.append((path, json.loads(body), headers))
        if self.status is None:
            raise TimeoutError
        return Answer(self.status, b"")


def start(http: Lambda) -> None:
    LambdaStarter(cast(SignedHttp, http), "trigger").start(3, scheduled=True)


def replay(http: Lambda) -> None:
    connection = Connection("c1", "alice", "h", stream=False, connected_at=START)
    LambdaEventReplay(cast(SignedHttp, http), "websocket").send_soon("ord_1", connection)


SUBSCRIBE = {"subscribe": {"orderId": "ord_1", "connectionId": "c1", "clientId": "alice"}}


@pytest.mark.parametrize(
    ("invoke", "name", "payload"),
    [(start, "trigger", {"shard": 3, "scheduled": True}), (replay, "websocket", SUBSCRIBE)],
)
def test_a_function_is_invoked_and_not_waited_for(
    invoke: Callable[[Lambda], None], name: str, payload: object
) -> None:
    http = Lambda()
    invoke(http)
    headers = {"content-type": "application/json", "x-amz-invocation-type": "Event"}
    assert http.got == [(f"/2015-03-31/functions/{name}/invocations", payload, headers)]


@pytest.mark.parametrize("status", [None, 200, 429, 500])
@pytest.mark.parametrize(
    ("invoke", "says"),
    [(start, "the trigger function cannot be started"), (replay, "past events cannot be sent")],
)
def test_what_lambda_did_not_take_is_unavailable(
    invoke: Callable[[Lambda], None], says: str, status: int | None
) -> None:
    with pytest.raises(Unavailable, match=says):
        invoke(Lambda(status))
