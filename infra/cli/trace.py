"""``dexec trace``: the timeline of one order as a waterfall."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from infra.cli import output
from infra.cli.orders import OrderArgument, named_order
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, UrlOption, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dexec_client.raw.json_types import Document

BAR = 44
"""Columns of the longest bar."""

_AFTER = {
    "pending": "waits in the queue",
    "routing": "asks the venues and routes",
    "quotes": "decision stored",
    "building": "builds and signs",
    "submitted": "sent, waits until it lands",
}
"""What an order does after an event, until its next one."""


class Span(NamedTuple):
    """A part of an order's time; milliseconds count from its first event."""

    name: str
    starts_ms: float
    ends_ms: float


class Mark(NamedTuple):
    """A log line of a function about the order; milliseconds count from the order's first event."""

    at_ms: float
    service: str
    text: str


def trace(
    order_id: OrderArgument,
    *,
    with_logs: Annotated[bool, typer.Option("--logs/--no-logs", help="The functions' lines, too.")] = True,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one order as a waterfall: what it did when, and for how long.

    Logs are read where the deployment is the local one.
    """
    found = named_order(resolve(home, url, api_key), order_id)
    events = cast("list[Document]", found["events"])
    spans = list(spans_of(events))
    marks = list(_marks(home, str(found["orderId"]), _moment(events[0]))) if with_logs and url is None else []
    if as_json:
        output.say_json(_document(found, spans, marks))
    else:
        _print(found, spans, marks)


def spans_of(events: list[Document]) -> Iterator[Span]:
    """Yield what an order did between its events, in order."""
    first = _moment(events[0])
    for event, following in pairwise(events):
        step = str(event.get("step") or event["status"])
        name = _AFTER.get(step, step)
        if "error" in event:
            name = f"attempt {event['attempt']}: {name}"
        yield Span(name, _ms(first, _moment(event)), _ms(first, _moment(following)))


def _marks(home: Path, order_id: str, first: datetime) -> Iterator[Mark]:
    """Yield what the functions logged about the order since it was made."""
    from infra.local import deployment, stack
    from infra.local.aws import Aws
    from infra.local.home import Home
    from infra.local.logs import LogReader

    aws = Aws(deployment.running(Home(home.resolve())).endpoint_url)
    for line in LogReader(aws.logs, stack.outputs(aws)["LogGroup"], since=first.timestamp() - 1).read():
        if line.fields.get("order_id") == order_id:
            text = str(line.fields.get("message"))
            if "ms" in line.fields:
                text += f" answered after {line.fields['ms']} ms"
            yield Mark(_ms(first, _logged(line.fields, line.at)), str(line.fields.get("service")), text)


def _logged(fields: dict[str, object], otherwise: datetime) -> datetime:
    """Return the line's own time; CloudWatch's is that of the invocation's end on the emulator."""
    try:
        return datetime.strptime(str(fields["timestamp"]), "%Y-%m-%d %H:%M:%S,%f%z")
    except (KeyError, ValueError):
        return otherwise


def _document(order: Document, spans: list[Span], marks: list[Mark]) -> Document:
    return {
        "orderId": order["orderId"],
        "status": order["status"],
        "totalMs": spans[-1].ends_ms if spans else 0.0,
        "spans": [
            {
                "name": span.name,
                "startsMs": span.starts_ms,
                "endsMs": span.ends_ms,
                "ms": round(span.ends_ms - span.starts_ms, 3),
            }
            for span in spans
        ],
        "logs": [{"atMs": mark.at_ms, "service": mark.service, "text": mark.text} for mark in marks],
    }


def _print(order: Document, spans: list[Span], marks: list[Mark]) -> None:
    from rich.markup import escape

    total = spans[-1].ends_ms if spans else 0.0
    output.say(f"[bold]{order['orderId']}[/]  {order['status']} after {total:g} ms\n")
    table = output.table("at ms", "ms", "", "", right={"at ms", "ms"})
    for span in spans:
        length = span.ends_ms - span.starts_ms
        table.add_row(f"{span.starts_ms:g}", f"{length:g}", span.name, _bar(span, total))
    output.console().print(table)
    for mark in marks:
        output.say(f"[dim]{mark.at_ms:>6g}  {escape(mark.service)}: {escape(mark.text)}[/]")


def _bar(span: Span, total: float) -> str:
    if not total:
        return ""
    before = round(span.starts_ms / total * BAR)
    length = max(1, round((span.ends_ms - span.starts_ms) / total * BAR))
    return " " * before + "█" * length


def _moment(event: Document) -> datetime:
    return datetime.fromisoformat(str(event["at"]))


def _ms(first: datetime, then: datetime) -> float:
    return round((then - first).total_seconds() * 1000, 3)
