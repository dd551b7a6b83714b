"""What a run counts: how its order ended, or that it rests."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, cancel, confirm, expire, fail
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Kind, Limit
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.steps import rest
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.telemetry import count_run, make_metrics
from dexec.usecases.report import Report
from tests.contract.samples import FILL, NOW, failure, new_order

LIMIT = Terms(limit=Limit(Price("170", Pair("SOL", "USDC"))))
ORDER = replace(
    new_order().order, status=Status.SUBMITTED, lease_token="mine", waiting=Waiting.of(LIMIT, Kind.LIMIT)
)
ERROR = failure("slippage_exceeded")
ENDS = {"OrdersConfirmed", "OrdersFailed", "OrdersCancelled", "OrdersExpired", "OrdersRested"}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (confirm(ORDER, NOW, FILL), "OrdersConfirmed"),
        (fail(ORDER, NOW, ERROR), "OrdersFailed"),
        (cancel(ORDER, NOW, "client", ERROR), "OrdersCancelled"),
        (expire(ORDER, NOW, ERROR), "OrdersExpired"),
        (rest(ORDER, NOW, ERROR), "OrdersRested"),
        (Change.of(ORDER), None),
    ],
)
def test_a_run_is_counted_by_what_became_of_its_order(
    change: Change, name: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = make_metrics("executor")
    count_run(metrics, Report(ORDER, change.after, change.events, 0))
    metrics.flush_metrics()
    counted = [ENDS & json.loads(line).keys() for line in capsys.readouterr().out.splitlines()]
    assert set().union(*counted) == ({name} if name else set())
