"""A log line fits a terminal: what a routing decision weighed is left to ``--json``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.cli import output
from infra.cli.log_lines import print_line
from infra.local.logs import Line

AT = datetime(2026, 11, 22, 16, 24, 54, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    output._output.cache_clear()


def test_the_reason_of_each_decision_is_shown_and_not_what_it_weighed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    weighed = {"quotes": [{"venue": "raydium"}], "legs": [{"venue": "meteora"}], "leftOut": [], "slot": 7}
    routes = [
        {"attempt": 1, "reason": "Raydium alone nets the most", **weighed},
        {"attempt": 2, "reason": "Meteora alone nets the most", **weighed},
    ]
    fields: dict[str, object] = {
        "level": "INFO",
        "service": "executor",
        "message": "done",
        "order_id": "ord_1",
        "receives": 1,
        "routes": routes,
        "function_request_id": "4f0e",
        "reason": None,
    }
    print_line(Line(AT, "", fields), as_json=False)
    assert capsys.readouterr().out == (
        "16:24:54 INFO    executor done order_id=ord_1 receives=1 "
        "routes=Raydium alone nets the most; Meteora alone nets the most\n"
    )


def test_a_line_that_is_not_json_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(Line(AT, "START [1]", {}), as_json=False)
    assert capsys.readouterr().out == "16:24:54 START [1]\n"


def test_nothing_decided_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    fields: dict[str, object] = {"level": "ERROR", "service": "executor", "message": "failed", "routes": []}
    print_line(Line(AT, "", fields), as_json=False)
    assert capsys.readouterr().out == "16:24:54 ERROR   executor failed\n"
