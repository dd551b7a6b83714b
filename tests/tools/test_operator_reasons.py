"""The reason why an order failed or does not go on, in words an operator can act on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dexec.adapters.postgres.operators import ProblemOrder
from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Detail, Order
from dexec.domain.quote import Mode, RouteRequest
from infra.operators.orders import reason

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
QUEUED = "2030-01-02T03:02:05.000Z"
ORDER = Order(
    id="ord_1",
    client_id="desk",
    label=None,
    request=RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 10**9, 50),
    status=Status.PENDING,
    seq=1,
    attempt=1,
    run_at=NOW - timedelta(minutes=2),
    queued_at=NOW - timedelta(minutes=2),
    created_at=NOW - timedelta(minutes=2),
    updated_at=NOW - timedelta(minutes=2),
)
ROUTING = replace(ORDER, status=Status.ROUTING)
HELD = replace(ROUTING, lease_token="lease", lease_until=NOW + timedelta(seconds=20))
SUBMITTED = replace(ORDER, status=Status.SUBMITTED)
FAILED = replace(ORDER, status=Status.FAILED, error=Failure("no_venue", "no venue answered"))
PAUSED = Switch(Stop.PAUSED, NOW)
LATE = Failure("no_venue", "no venue answered")


@pytest.mark.parametrize(
    ("order", "detail", "expected"),
    [
        (ORDER, None, f"no executor has taken it since it was queued at {QUEUED}"),
        (
            replace(ORDER, status=Status.TRIGGERED),
            None,
            f"no executor has taken it since it was queued at {QUEUED}",
        ),
        (ROUTING, None, f"its executor died; it was last queued at {QUEUED}"),
        (ROUTING, LATE, f"its executor died; it was last queued at {QUEUED}, after: no venue answered"),
        (HELD, None, "leased by an executor until 2030-01-02T03:04:25.000Z"),
        (HELD, LATE, "leased by an executor until 2030-01-02T03:04:25.000Z, after: no venue answered"),
        (FAILED, None, "no venue answered"),
        (
            replace(SUBMITTED, parked_at=NOW, rounds=3),
            None,
            "parked since 2030-01-02T03:04:05.000Z: every run crashed; dexec redrive releases it",
        ),
    ],
)
def test_what_an_order_waits_for(order: Order, detail: Detail, expected: str) -> None:
    assert reason(ProblemOrder(order, NOW, detail), NOW, ()) == expected


@pytest.mark.parametrize("order", [ORDER, ROUTING, HELD])
def test_a_pause_explains_what_waits(order: Order) -> None:
    assert (
        reason(ProblemOrder(order, NOW, None), NOW, [PAUSED])
        == "execution is paused since 2030-01-02T03:04:05.000Z"
    )


def test_a_pause_does_not_explain_what_is_submitted_or_over() -> None:
    assert "paused" not in reason(ProblemOrder(SUBMITTED, NOW, None), NOW, [PAUSED])
    assert reason(ProblemOrder(FAILED, NOW, None), NOW, [PAUSED]) == "no venue answered"
