"""Keeps what functions log: a stream for each of them, with its newest lines.

MiniStack begins a stream with every invocation and keeps them all: the emulator grew by 6 KB an order, and
following the logs looked at every stream, twice a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

MOST_LINES = 20_000
"""Lines kept of a function, which logs five an invocation; up to twice as many before the older half goes."""

Write = Callable[..., None]


def writing(cloudwatch: Any) -> Write:
    """Return what does the work of MiniStack's ``_emit_lambda_logs``, on its service ``cloudwatch``."""

    def write(
        function: dict[str, Any], request_id: str, text: str, _error: bool, duration_ms: int, **_: object
    ) -> None:
        config = function.get("config") or function
        name, version = config["FunctionName"], config.get("Version", "$LATEST")
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        stream = _stream(cloudwatch, group, f"[{version}]{name}")
        events: list[dict[str, Any]] = stream["events"]
        start, end = f"START RequestId: {request_id} Version: {version}", f"END RequestId: {request_id}"
        report = f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms"
        with cloudwatch._log_events_lock:
            # A stream is searched by time: its times never go back.
            now_ms = max(int(time.time() * 1000), events[-1]["timestamp"] if events else 0)
            events += [
                {"timestamp": now_ms, "message": line, "ingestionTime": now_ms}
                for line in (start, *text.splitlines(), end, report)
            ]
            if len(events) > 2 * MOST_LINES:
                del events[:-MOST_LINES]
            stream["firstEventTimestamp"], stream["lastEventTimestamp"] = events[0]["timestamp"], now_ms

    return write


def _stream(cloudwatch: Any, group: str, name: str) -> dict[str, Any]:
    """Return a stream; it is made where there is none, and so is its group."""
    if group not in cloudwatch._log_groups:
        cloudwatch._create_log_group({"logGroupName": group})
    streams: dict[str, dict[str, Any]] = cloudwatch._log_groups[group]["streams"]
    if name not in streams:
        cloudwatch._create_log_stream({"logGroupName": group, "logStreamName": name})
    return streams[name]
