"""Live view of orders: a table redrawn on a terminal, one line per event elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dexec_client.raw.events import TERMINAL, Event
from infra.cli import output, views

_VIA = {"WebSocket": "WS"}
_COLUMNS = ("order", "swap", "via", "steps", "status", "sec")
_WIDE = 80
"""Columns of a terminal on which all of them leave room for the outcome."""

_SPARED = frozenset({"order", "via", "steps"})
"""What a narrower terminal does without: the id was printed before, and the status says more."""

_PATH = ("pending", "routing", "building", "submitted", "confirmed")


@dataclass
class _Row:
    swap: str
    via: str
    started: float = field(default_factory=time.monotonic)
    status: str = ""
    remark: str = ""
    seconds: float = 0.0

    def update(self, event: Event) -> None:
        self.status = event.status
        self.remark = views.remark(event) or self.remark
        self.seconds = time.monotonic() - self.started

    def cells(self, order_id: str) -> dict[str, str | Text]:
        """Return what each column shows."""
        return {
            "order": views.short_id(order_id),
            "swap": self.swap,
            "via": _VIA.get(self.via, self.via),
            "steps": self.rail(),
            "status": Text(self.status, style=_style(self.status)),
            "sec": f"{self.seconds:.2f}",
        }

    def rail(self) -> Text:
        if self.status in TERMINAL - {"confirmed"}:
            return Text(self.status, style=_style(self.status))
        reached = _PATH.index(self.status) + 1 if self.status in _PATH else 0
        return Text("●" * reached + "○" * (len(_PATH) - reached), style=_style(self.status))


class Board:
    """The orders being watched."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def add(self, order_id: str, swap: str, via: str = "") -> None:
        """Show an order from now on."""
        self._rows[order_id] = _Row(swap, via)

    def status(self, order_id: str) -> str:
        """Return the status an order was last seen in."""
        return self._rows[order_id].status

    def take(self, event: Event) -> None:
        """Record an event; print it if the table is not redrawn."""
        row = self._rows[event.order_id]
        row.update(event)
        if not (output.console().is_terminal or output.is_recording()):
            output.say(
                f"[dim]{event.at[11:23]}[/] {views.short_id(event.order_id)} {row.swap:<17} "
                f"[{_style(event.status)}]{_stage(event):<15}[/] {escape(views.remark(event))}".rstrip()
            )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table that is drawn: the narrower it is, the fewer columns stand before the outcome."""
        yield self._table(options.max_width)

    def _table(self, width: int) -> Table:
        narrow = width < _WIDE
        names = [name for name in _COLUMNS if not (narrow and name in _SPARED)]
        if not any(row.via for row in self._rows.values()):
            names = [name for name in names if name != "via"]
        table = output.table(*names, "", right={"sec"}, whole=names)
        for order_id, row in self._rows.items():
            cells = row.cells(order_id)
            # The last column takes what the others leave. An outcome is never cut, whatever lines it takes.
            ended = row.status in TERMINAL
            remark = Text(row.remark) if ended else Text(row.remark, no_wrap=True, overflow="ellipsis")
            table.add_row(*(cells[name] for name in names), remark)
        return table


@contextlib.contextmanager
def drawn(board: Board) -> Iterator[None]:
    """Redraw the board while the body runs, where that is possible; a picture shows its end."""
    console = output.console()
    if output.is_recording():
        yield
        console.print(board)
    elif console.is_terminal:
        with Live(board, console=console, refresh_per_second=20):
            yield
    else:
        yield


async def show(board: Board, events: AsyncIterator[Event]) -> None:
    """Draw events on the board until there are no more."""
    with drawn(board):
        async for event in events:
            board.take(event)


def _stage(event: Event) -> str:
    again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
    return f"{event.status}{' ' + event.step if event.step else ''}{again}"


def _style(status: str) -> str:
    return views.STATUS_STYLE.get(status, "cyan" if status else "dim")
