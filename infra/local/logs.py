"""Reads the functions' log lines from CloudWatch Logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.errors import LocalError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestPaginateTypeDef

_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START ")
_PAUSE_S = 0.5
_METRICS = "_aws"
"""Marks a line by which a function hands metrics to CloudWatch."""
_PATIENCE_S = 30
"""How long an outage is waited out: an emulator that crashed is restarted, and deployed to again, by then."""
_OVERLAP_MS = 2_000
"""How far a poll looks back: lines arrive when their invocation ends, later than they were written."""


@dataclass(frozen=True)
class Line:
    """One line of a function; ``fields`` are those of a JSON line, else empty."""

    at: datetime
    text: str
    fields: dict[str, object]


class LogReader:
    """Reads the log group of a stack, yielding each line once."""

    def __init__(
        self, logs: CloudWatchLogsClient, group: str, since: float, pattern: str | None = None
    ) -> None:
        """``since`` is in seconds since the epoch; older lines are not read.

        ``pattern`` is a filter pattern of CloudWatch Logs, which finds its lines there.
        """
        self._logs = logs
        self._filter: FilterLogEventsRequestPaginateTypeDef = {"logGroupName": group}
        if pattern is not None:
            self._filter["filterPattern"] = pattern
        self._from_ms = int(since * 1000)
        self._seen: set[tuple[str, int, str]] = set()

    def read(self) -> Iterator[Line]:
        """Yield the lines that came since the last call. Raises ``LocalError`` when they cannot be read."""
        try:
            paginator = self._logs.get_paginator("filter_log_events")
            wanted: FilterLogEventsRequestPaginateTypeDef = {**self._filter, "startTime": self._from_ms}
            pages = paginator.paginate(**wanted)
            for page in pages:
                for event in page["events"]:
                    # Emulators number no events; a stream, a time and a text name one as well.
                    identity = (event["logStreamName"], event["timestamp"], event["message"])
                    if identity not in self._seen:
                        self._seen.add(identity)
                        yield from _line(event["message"], event["timestamp"])
        except (ClientError, BotoCoreError) as exc:
            raise LocalError(f"the logs at {self._logs.meta.endpoint_url} cannot be read: {exc}") from exc
        self._forget_old()

    def follow(self) -> Iterator[Line]:
        """Yield lines as they come, without end. Raises ``LocalError`` after an outage of ``_PATIENCE_S``."""
        read_at = time.monotonic()
        while True:
            try:
                yield from self.read()
                read_at = time.monotonic()
            except LocalError:
                if time.monotonic() - read_at > _PATIENCE_S:
                    raise
            time.sleep(_PAUSE_S)

    def _forget_old(self) -> None:
        newest = max((at for _, at, _ in self._seen), default=self._from_ms)
        self._from_ms = max(self._from_ms, newest - _OVERLAP_MS)
        self._seen = {identity for identity in self._seen if identity[1] >= self._from_ms}


def _line(message: str, timestamp_ms: int) -> Iterator[Line]:
    if message.startswith(_PLATFORM):
        return
    at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    try:
        fields = json.loads(message)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and _METRICS in fields:
        return
    yield Line(at, message, cast("dict[str, object]", fields) if isinstance(fields, dict) else {})
