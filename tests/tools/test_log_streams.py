"""What functions log is kept in one stream of each, found by time, and no longer than there is room."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from ministack.services import cloudwatch_logs  # type: ignore[import-untyped]

from infra.local import log_streams

GROUP = "/stack"
write = log_streams.writing(cloudwatch_logs)


@pytest.fixture(autouse=True)
def _no_groups() -> Iterator[None]:
    cloudwatch_logs._log_groups.clear()
    yield
    cloudwatch_logs._log_groups.clear()


def invoked(name: str, request_id: str, text: str, group: str | None = GROUP) -> None:
    config = {"FunctionName": name, "LoggingConfig": {"LogGroup": group} if group else {}}
    write({"config": config}, request_id, text, False, 12, log_source=None)


def found(group: str = GROUP, **of: object) -> list[tuple[str, str]]:
    """Return stream and text of the lines that CloudWatch finds."""
    _, _, body = cloudwatch_logs._filter_log_events({"logGroupName": group, **of})
    return [(event["logStreamName"], event["message"]) for event in json.loads(body)["events"]]


def test_a_function_has_one_stream_however_often_it_runs() -> None:
    invoked("accept", "a", "taken\nqueued\n")
    invoked("execute", "b", "")
    invoked("accept", "c", "taken again")
    lines = [text for stream, text in found() if stream == "[$LATEST]accept"]
    assert lines == [
        *("START RequestId: a Version: $LATEST", "taken", "queued", "END RequestId: a"),
        "REPORT RequestId: a\tDuration: 12 ms",
        *("START RequestId: c Version: $LATEST", "taken again", "END RequestId: c"),
        "REPORT RequestId: c\tDuration: 12 ms",
    ]
    assert {stream for stream, _ in found()} == {"[$LATEST]accept", "[$LATEST]execute"}
    assert found(filterPattern="again") == [("[$LATEST]accept", "taken again")]


def test_a_function_without_a_group_has_its_own() -> None:
    invoked("accept", "a", "taken", group=None)
    assert ("[$LATEST]accept", "taken") in found("/aws/lambda/accept")


def test_lines_are_found_by_time_though_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (1_000, 990, 1_010):
        monkeypatch.setattr("time.time", lambda at=seconds: at)
        invoked("accept", "a", str(seconds))
    assert [text for _, text in found(startTime=1_000_000) if text.isdigit()] == ["1000", "990", "1010"]
    assert [text for _, text in found(startTime=1_000_001) if text.isdigit()] == ["1010"]


def test_the_newest_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_streams, "MOST_LINES", 8)
    for number in range(5):
        invoked("accept", str(number), f"line {number}")
    lines = [text for _, text in found() if text.startswith("line")]
    assert lines == ["line 3", "line 4"]
    invoked("accept", "5", "line 5")
    assert [text for _, text in found() if text.startswith("line")] == ["line 3", "line 4", "line 5"]
