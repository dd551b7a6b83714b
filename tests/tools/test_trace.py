from __future__ import annotations

from dexec_client.raw.json_types import Document
from infra.cli.trace import Span, spans_of


def event(status: str, at: str, **fields: str) -> Document:
    return {"status": status, "attempt": 1, "at": f"2026-01-01T00:00:{at}Z", **fields}


def test_a_span_reaches_from_one_event_to_the_next() -> None:
    events = [
        event("pending", "00.000"),
        event("routing", "00.012"),
        event("routing", "00.212", step="quotes"),
        event("confirmed", "01.500"),
    ]
    assert list(spans_of(events)) == [
        Span("waits in the queue", 0, 12),
        Span("asks the venues and routes", 12, 212),
        Span("decision stored", 212, 1500),
    ]


def test_a_new_attempt_is_named() -> None:
    events = [
        event("pending", "00.000"),
        event("submitted", "00.100"),
        {**event("routing", "00.200", error="slippage"), "attempt": 2},
        event("failed", "00.300"),
    ]
    assert [span.name for span in spans_of(events)][-1] == "attempt 2: asks the venues and routes"


def test_an_order_without_a_second_event_has_no_spans() -> None:
    assert list(spans_of([event("pending", "00.000")])) == []
