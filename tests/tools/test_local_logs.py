"""Whoever follows the logs of a local deployment goes on when its emulator comes back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.local import logs
from infra.local.errors import LocalError


class Logs:
    """CloudWatch Logs as far as it is read: a call a page, or an outage."""

    meta = type("Meta", (), {"endpoint_url": "http://localhost:4566"})

    def __init__(self, pages: Callable[[], list[str] | None]) -> None:
        self._pages = pages

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: object) -> list[dict[str, object]]:
        texts = self._pages()
        if texts is None:
            raise EndpointConnectionError(endpoint_url="http://localhost:4566")
        return [{"events": [{"logStreamName": "s", "timestamp": 1, "message": text} for text in texts]}]


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in which nobody waits: sleeping moves it."""
    passed = [0.0]

    def sleep(pause_s: float) -> None:
        passed[0] += pause_s

    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: passed[0], sleep=sleep))
    return passed


def test_an_outage_is_waited_out(seconds: list[float]) -> None:
    pages = iter([["first"], *[None] * 40, ["first", "second"]])
    followed = logs.LogReader(Logs(lambda: next(pages)), "group", since=0).follow()  # type: ignore[arg-type]
    assert [line.text for line in islice(followed, 2)] == ["first", "second"]
    assert seconds[0] > 20


def test_one_without_end_is_not(seconds: list[float]) -> None:
    followed = logs.LogReader(Logs(lambda: None), "group", since=0).follow()  # type: ignore[arg-type]
    with pytest.raises(LocalError, match="cannot be read"):
        next(followed)
    assert 30 <= seconds[0] <= 31
