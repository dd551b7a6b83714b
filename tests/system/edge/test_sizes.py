"""How much a request may hold: 16 KB, counted in bytes, whichever way it comes in."""

from __future__ import annotations

import json

import pytest

from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import SWAP, Deployment

SIZES = [(16_384, True), (16_385, False), (163_840, False)]
"""Spelled out: a test that asked the functions for their limit would hold for any."""


def body_of(size: int) -> str:
    """Return an order of so many bytes, and fewer characters."""
    order = json.dumps(SWAP | {"clientId": "é" * 9}, ensure_ascii=False)
    return order + " " * (size - len(order.encode()))


@pytest.mark.parametrize(("size", "is_taken"), SIZES)
@pytest.mark.parametrize("in_base64", [False, True])
def test_a_body_over_http(functions: Deployment, size: int, is_taken: bool, in_base64: bool) -> None:
    body = body_of(size)
    answer = functions.http(
        "POST", "/api/orders/execute", key=OWNER, body=body.encode() if in_base64 else body
    )
    assert answer.status == (202 if is_taken else 413)
    if not is_taken:
        assert answer.json["type"] == "/errors/body_too_large"


@pytest.mark.parametrize(("size", "is_taken"), SIZES)
def test_a_frame(functions: Deployment, size: int, is_taken: bool) -> None:
    connection, _ = functions.connect(OWNER)
    answer = functions.send(connection, body_of(size))[-1]
    assert answer["type"] == ("ack" if is_taken else "error")
