"""The short way to an accepted order answers as the resolver does, whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import edge
import routes
from dexec.domain.errors import DexecError, StoreUnavailable, TooManyOrders
from dexec.domain.ids import order_id
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order
from dexec.ports import ApiKey, Placed
from dexec.usecases.place_order import Submission
from functions.http_api import app as http_api
from tests.support.fakes import START
from tests.system.edge.inprocess import SWAP, Context, http_event

CALLER = ApiKey("hash", "alice", None, None, START)

Answer = tuple[int, dict[str, str], str]

BODIES = st.one_of(
    st.just(json.dumps(SWAP)),
    st.sampled_from(["", "[]", "null", "{", '{"amount": NaN}', '{"amount": 1, "amount": 1}']),
    st.fixed_dictionaries(
        {},
        optional={
            "tokenIn": st.sampled_from(["SOL", "USDC", "none", "", 3]),
            "tokenOut": st.sampled_from(["USDC", "SOL", None]),
            "amount": st.sampled_from(["1.5", 2, 0, "-1", True, [], None, "1e3"]),
            "slippageBps": st.sampled_from([0, 50, 10_001, "5"]),
            "clientOrderId": st.sampled_from(["label", "", "\u0001", 5, "é"]),
            "clientId": st.sampled_from(["label", "", "another"]),
            "extra": st.just(1),
        },
    ).map(json.dumps),
)
HEADERS = st.one_of(
    st.just({"Idempotency-Key": "k"}),
    st.fixed_dictionaries({}, optional={"idempotency-key": st.sampled_from(["k", "a,b", "", "é"])}),
)


class Placing:
    """Takes every order, or refuses it; notes what it was given."""

    def __init__(self) -> None:
        self.given: list[Submission] = []
        self.error: Exception | None = None

    def __call__(self, submission: Submission, caller: ApiKey) -> Placed:
        assert caller is CALLER
        self.given.append(submission)
        if self.error is not None:
            raise self.error
        one, at = order_id(START, bytes(10)), START
        order = Order(one, "alice", None, submission.request, Status.PENDING, 1, 1, at, at, at, at)
        return Placed(order, is_new=True)


@pytest.fixture(scope="module")
def placing() -> Iterator[Placing]:
    """Return what takes the orders of the HTTP function."""
    found = Placing()
    settings = SimpleNamespace(default_slippage_bps=50, websocket_url="wss://socket", http_url="")
    parts = SimpleNamespace(settings=settings, place_order=found, authenticate=lambda _: CALLER)
    with patch.object(edge, "container", lambda: parts), patch.object(routes, "container", lambda: parts):
        yield found


def answered(body: str, headers: dict[str, str]) -> Answer:
    """Answer a request; return status, headers and body."""
    event = http_event("POST", "/api/orders/execute", "", {"x-api-key": "key", **headers}, body)
    answer = http_api.handler(event, Context())
    told = {name.lower(): str(value) for name, value in answer["headers"].items()}
    return answer["statusCode"], told, cast(str, answer["body"])


def both_ways(body: str, headers: dict[str, str], placing: Placing) -> tuple[Answer, Answer]:
    """Answer a request by the short way and by the resolver; both give the use case the same."""
    placing.given.clear()
    short = answered(body, headers)
    with patch.object(routes, "PLACE_ORDER", None):
        resolved = answered(body, headers)
    assert placing.given == [] or placing.given[0] == placing.given[1]
    assert len(placing.given) in (0, 2)
    return short, resolved


@given(body=BODIES, headers=HEADERS)
def test_both_ways_answer_alike(placing: Placing, body: str, headers: dict[str, str]) -> None:
    placing.error = None
    short, resolved = both_ways(body, headers, placing)
    assert short == resolved


@pytest.mark.parametrize(
    "error", [TooManyOrders("later", 7), StoreUnavailable("away"), DexecError("bug"), ValueError("bug")]
)
def test_both_ways_refuse_alike(placing: Placing, error: Exception) -> None:
    placing.error = error
    short, resolved = both_ways(json.dumps(SWAP), {}, placing)
    assert short == resolved
    assert short[0] >= 400


def test_a_valid_order_never_meets_the_resolver(placing: Placing) -> None:
    placing.error = None
    with patch.object(edge.resolver, "resolve", side_effect=AssertionError):
        assert answered(json.dumps(SWAP), {"idempotency-key": "k"})[0] == 202
