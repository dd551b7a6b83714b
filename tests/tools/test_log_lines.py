"""The functions' log lines on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.cli.log_lines import print_line
from infra.local.logs import Line

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_of_a_routing_decision_the_reason_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    route = {"attempt": 1, "reason": "Meteora alone nets the most", "quotes": [{"venue": "meteora"}]}
    again = {**route, "attempt": 2, "reason": "Raydium alone nets the most"}
    fields = {"level": "INFO", "service": "executor", "message": "done", "order_id": "ord_1"}
    print_line(Line(AT, "", {**fields, "receives": 1, "routes": [route, again]}), as_json=False)
    print_line(Line(AT, "", {**fields, "receives": 1, "routes": []}), as_json=False)
    shown = "12:00:00 INFO    executor done order_id=ord_1 receives=1"
    assert capsys.readouterr().out.splitlines() == [
        f"{shown} routes=Meteora alone nets the most; Raydium alone nets the most",
        shown,
    ]
