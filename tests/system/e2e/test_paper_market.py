"""``dexec market`` on a running deployment: a price falls by what was asked for, and comes back."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.system.e2e import inprocess
from tests.system.e2e.deployed import Deployed

TOKEN = "BONK"
"""What other tests of this deployment trade least."""


def moved(deployment: Deployed, *arguments: str) -> None:
    """Write a move and wait until it has begun."""
    assert deployment.home is not None
    done = inprocess.run("market", *arguments, "--home", str(deployment.home.root), "--json")
    assert done.returncode == 0, done.stderr
    (move,) = json.loads(done.stdout)["moves"]
    wait = (datetime.fromisoformat(move["at"]) - datetime.now(UTC)).total_seconds()
    assert wait < 3
    time.sleep(max(0.0, wait) + 0.01)


def quoted(deployment: Deployed) -> Decimal:
    with deployment.client() as client:
        params = {"tokenIn": TOKEN, "tokenOut": "USDC", "amount": "1000000"}
        answer = client.get("api/quotes", params=params)
    assert answer.status_code == 200, answer.text
    return Decimal(answer.json()["route"]["amountOut"])


def test_a_quote_falls_by_as_much_as_the_price_is_moved(deployment: Deployed) -> None:
    if deployment.home is None:
        pytest.skip("this deployment has no home directory")
    before = quoted(deployment)
    moved(deployment, "move", TOKEN, "-20%")
    try:
        assert Decimal("0.79") < quoted(deployment) / before < Decimal("0.81")
    finally:
        moved(deployment, "reset", TOKEN)
    assert Decimal("0.99") < quoted(deployment) / before < Decimal("1.01")
