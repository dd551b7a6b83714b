"""Risk limits and halts over HTTP and PostgreSQL: what clients see of them, and what they cost."""

from __future__ import annotations

import json
from collections import Counter
from typing import cast

import pytest

from dexec.domain.halts import Stop, Switch
from dexec.domain.risk import RiskLimits
from tests.system.edge.inprocess import SWAP, Deployment
from tests.system.integration.conftest import KEY

ORDER = json.dumps(SWAP)
LIMITS = RiskLimits(max_notional=1_000_000_000, max_daily=2_000_000_000, max_slippage_bps=100, collar_bps=500)
Document = dict[str, object]


def limit(deployment: Deployment, limits: RiskLimits = LIMITS) -> None:
    """Set alice's limits before her key is first looked up."""
    deployment.parts.risk.set("alice", limits, deployment.clock.now())


def risk(deployment: Deployment) -> Document:
    answer = deployment.http("GET", "/api/risk", key=KEY)
    assert answer.status == 200, answer.text
    return answer.json


def test_a_client_reads_its_limits_and_what_is_used_of_them(deployment: Deployment) -> None:
    assert risk(deployment) == {
        "limits": {
            "settlementToken": "USDC",
            "maxNotional": None,
            "maxDaily": None,
            "maxOpen": 1_000,
            "tokens": None,
            "maxSlippageBps": None,
            "collarBps": None,
        },
        "usage": {"day": "2026-01-01", "notional": "0", "left": None, "open": 0},
        "halts": [],
    }
    limit(deployment)
    order_id = deployment.place(KEY)
    assert deployment.execute(order_id) == []
    order = deployment.read(order_id, KEY)
    found = risk(deployment)
    limits, usage = cast("Document", found["limits"]), cast("Document", found["usage"])
    assert (limits["maxNotional"], limits["maxDaily"], limits["collarBps"]) == ("1000", "2000", 500)
    assert usage["notional"] == order["amountOut"]
    assert float(str(usage["left"])) + float(str(usage["notional"])) == pytest.approx(2000)


def test_a_refusal_names_rule_and_numbers(deployment: Deployment) -> None:
    limit(deployment, RiskLimits(max_notional=100_000_000))
    answer = deployment.order(KEY)
    assert (answer.status, answer.json["code"]) == (422, "risk_refused")
    assert (answer.json["rule"], answer.json["allowed"]) == ("maxNotional", "100 USDC")
    assert str(answer.json["observed"]).endswith(" USDC")
    assert str(answer.json["observed"]) in str(answer.json["detail"])


def test_over_the_websocket_too(deployment: Deployment) -> None:
    limit(deployment, RiskLimits(tokens=frozenset({"USDC"})))
    connection, _ = deployment.connect(KEY, {})
    (frame,) = deployment.send(connection, f'{{"action": "execute", "id": 1, "order": {ORDER}}}')
    assert (frame["type"], frame["code"], frame["status"]) == ("error", "risk_refused", 422)
    deployment.parts.control.stop(Switch(Stop.HALTED, deployment.clock.now()))
    limit(deployment, RiskLimits())
    deployment.clock.advance(61)
    (frame,) = deployment.send(connection, f'{{"action": "execute", "id": 2, "order": {ORDER}}}')
    assert (frame["type"], frame["code"], frame["status"]) == ("error", "halted", 423)


def test_while_halted_nothing_is_taken_and_cancels_and_reads_work(deployment: Deployment) -> None:
    waiting = deployment.place(KEY)
    deployment.parts.control.stop(Switch(Stop.HALTED, deployment.clock.now(), "alice"))
    answer = deployment.order(KEY)
    assert (answer.status, answer.json["code"]) == (423, "halted")
    assert "retry-after" not in answer.headers
    (halt,) = cast("list[Document]", risk(deployment)["halts"])
    assert (halt["stop"], halt["tokenOut"]) == ("halted", None)
    assert deployment.execute(waiting)
    assert deployment.parts.cancel_orders.of_client("alice") == (waiting,)


def test_balances_say_what_is_committed(deployment: Deployment) -> None:
    deployment.place(KEY)
    found = cast("list[Document]", deployment.http("GET", "/api/balances", key=KEY).json["balances"])
    sol = next(one for one in found if one["symbol"] == "SOL")
    assert sol["committed"] == "1.5"
    assert float(str(sol["amount"])) - 1.5 == float(str(sol["available"]))
    assert {one["committed"] for one in found if one["symbol"] != "SOL"} == {"0"}


def test_limits_that_need_no_price_cost_no_round_trip(deployment: Deployment, trips: Counter[int]) -> None:
    limit(deployment, RiskLimits(max_slippage_bps=100, collar_bps=500))
    deployment.place(KEY)
    trips.clear()
    order_id = deployment.place(KEY)
    assert trips == {id(deployment.parts.database): 1}
    trips.clear()
    assert deployment.execute(order_id) == []
    assert trips[id(deployment.parts.database)] == 4, "as without limits"


def test_a_daily_limit_costs_one_read_when_placing_and_one_when_signing(
    deployment: Deployment, trips: Counter[int]
) -> None:
    limit(deployment)
    deployment.place(KEY)
    trips.clear()
    order_id = deployment.place(KEY)
    assert trips == {id(deployment.parts.database): 2}
    trips.clear()
    assert deployment.execute(order_id) == []
    assert trips[id(deployment.parts.database)] == 5
