"""Every endpoint and frame type under fire: never a 5xx, a stack trace, or another client's data.

5,000 inputs in the suite, the same ones each time; with ``DEXEC_SOAK=1`` (``make soak``) a million others,
in rounds of 5,000, since Hypothesis remembers all inputs of a round.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.edge.conftest import OWNER, STRANGER
from tests.edge.inprocess import Answer, Deployment, deployed
from tests.edge.inputs import GOOD_ORDER, documents, frames, order_ids, orders, url_text

SOAK = os.environ.get("DEXEC_SOAK") == "1"
INPUTS = 5_000
ROUNDS = 200 if SOAK else 1
SECRET = "nobody-elses-business"
MARKS = ("Traceback", 'File "', "psycopg", "pydantic", "dexec.", SECRET)
STATUSES = {200, 202, 400, 401, 404, 409, 413, 422, 429}


def fire(share: float) -> settings:
    """Return settings for a share of the inputs."""
    return settings(
        max_examples=round(INPUTS * share),
        deadline=None,
        database=None,
        derandomize=not SOAK,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


class Target:
    """A deployment in which another client has two orders; the attacker knows the id of one."""

    def __init__(self, functions: Deployment) -> None:
        self.functions = functions
        functions.add_key(OWNER, SECRET)
        functions.add_key(STRANGER, "stranger")
        self.known = self._place("the-owners-idempotency-key")
        self.unknown = self._place("another-of-the-owners")
        functions.execute_all()
        self.connection, _ = functions.connect(STRANGER, {"stream": "all"})

    def _place(self, idempotency_key: str) -> str:
        body = json.dumps({**GOOD_ORDER, "clientId": SECRET})
        headers = {"idempotency-key": idempotency_key}
        answer = self.functions.http("POST", "/api/orders/execute", key=OWNER, body=body, headers=headers)
        return str(answer.json["orderId"])

    def check(self, answer: Answer) -> None:
        assert answer.status in STATUSES, answer
        assert self.is_clean(answer.text), answer
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["status"] == answer.status

    def send(self, text: str) -> None:
        received = self.functions.send(self.connection, text)
        assert received, "a frame was not answered"
        for frame in received:
            assert frame["type"] in {"ack", "error", "pong", "status"}
            assert int(str(frame.get("status", 0))) in {0, *STATUSES} if frame["type"] == "error" else True
            assert self.is_clean(json.dumps(frame)), frame
        self.functions.received(self.connection).clear()

    def is_clean(self, text: str) -> bool:
        return self.unknown not in text and not any(mark in text for mark in MARKS)


@pytest.fixture(scope="module", params=range(ROUNDS))
def target(database_url: str) -> Iterator[Target]:
    """Return a target for one round."""
    with deployed(database_url) as functions:
        yield Target(functions)


HEADERS = st.dictionaries(
    st.sampled_from(["idempotency-key", "content-type", "origin", "x-forwarded-for"]), url_text, max_size=2
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW"])
PATHS = st.sampled_from(
    ["/", "/health", "/docs", "/openapi.json", "/api/config", "/api/tokens", "/api/balances", "/api/orders"]
)
QUERY: Mapping[str, st.SearchStrategy[str]] = {
    "tokenIn": st.sampled_from(["SOL", "USDC", "BONK", "x"]) | url_text,
    "tokenOut": st.sampled_from(["SOL", "USDC", "BONK", "x"]) | url_text,
    "amount": st.sampled_from(["1", "1e30", "-1", "0.1"]) | url_text,
    "mode": st.sampled_from(["exactIn", "exactOut"]) | url_text,
    "slippageBps": st.integers(-1, 10_001).map(str) | url_text,
    "status": st.sampled_from(["pending", "failed"]) | url_text,
    "limit": st.integers(-1, 101).map(str) | url_text,
    "cursor": st.just("ord_" + "f" * 32) | url_text,
}


@fire(0.44)
@given(text=documents(orders()) | st.binary(max_size=40), headers=HEADERS)
def test_orders(target: Target, text: str | bytes, headers: dict[str, str]) -> None:
    path = "/api/orders/execute"
    target.check(target.functions.http("POST", path, key=STRANGER, body=text, headers=headers))
    target.functions.parts.queue.messages.clear()


@fire(0.26)
@given(data=st.data())
def test_frames(target: Target, data: st.DataObject) -> None:
    target.send(data.draw(frames([target.known])))
    target.functions.parts.queue.messages.clear()


@fire(0.08)
@given(query=st.fixed_dictionaries({}, optional=dict(QUERY)))
def test_quotes(target: Target, query: dict[str, str]) -> None:
    target.check(target.functions.http("GET", "/api/quotes", key=STRANGER, query=query))


@fire(0.08)
@given(query=st.dictionaries(st.sampled_from(sorted(QUERY)) | url_text, url_text, max_size=4))
def test_histories(target: Target, query: dict[str, str]) -> None:
    target.check(target.functions.http("GET", "/api/orders", key=STRANGER, query=query))


@fire(0.08)
@given(data=st.data(), method=METHODS)
def test_paths(target: Target, data: st.DataObject, method: str) -> None:
    below = st.sampled_from(["/api/orders/", "/console/", "/"])
    path = data.draw(PATHS | st.builds(str.__add__, below, order_ids([target.known])))
    target.check(target.functions.http(method, path, key=STRANGER))


@fire(0.06)
@given(key=url_text, query=st.dictionaries(st.sampled_from(["orderId", "stream", "x"]), url_text))
def test_connecting(target: Target, key: str, query: dict[str, str]) -> None:
    connection, status = target.functions.connect(key, query)
    assert status in {401, 404}
    assert target.functions.received(connection) == []
    target.check(target.functions.http("GET", "/api/orders", key=key, query=query))
