"""Formats the functions' log lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cli import output

if TYPE_CHECKING:
    from infra.local.logs import Line

_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_OF_THE_PLATFORM = {
    "cold_start",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "location",
    "xray_trace_id",
}
_SHOWN_APART = {"level", "message", "service", "timestamp"}
_DECISIONS = "routes"
"""An executor's routing decisions: their reasons are shown, ``--json`` and ``dexec show`` have the rest."""


def print_line(line: Line, *, as_json: bool) -> None:
    """Print one line: JSON as it is, or time, level, service, message and what else the line names."""
    from rich.markup import escape

    if as_json:
        output.say_json_line(line.fields or {"message": line.text})
        return
    if not line.fields:
        output.say(f"[dim]{line.at:%H:%M:%S}[/] {escape(line.text)}")
        return
    fields = {name: _text(name, value) for name, value in line.fields.items() if value is not None}
    level = fields.get("level", "")
    named = fields.keys() - _OF_THE_PLATFORM - _SHOWN_APART
    details = " ".join(f"{name}={text}" for name, text in fields.items() if name in named and text)
    service, message = escape(fields.get("service", "")), escape(fields.get("message", ""))
    output.say(
        f"[dim]{line.at:%H:%M:%S}[/] [{_COLOURS.get(level, 'dim')}]{level:<7}[/] "
        f"[bold]{service}[/] {message} [dim]{escape(details)}[/]"
    )


def _text(name: str, value: object) -> str:
    if name == _DECISIONS and isinstance(value, list):
        return "; ".join(str(decision["reason"]) for decision in value)
    return str(value)
