"""What commands print: tables and colours for people, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.highlighter import NullHighlighter
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

Shown = TypeVar("Shown")
PLAIN_WIDTH = 120
"""Columns of what is not written to a terminal."""

SHORT_ID = 9
"""Columns of an id that is cut: an ellipsis and its last eight characters."""


_recording: list[Console] = []
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""The console that takes the place of standard output, if any."""


def console() -> Console:
    """Return the console for standard output; ``NO_COLOR`` and ``COLUMNS`` are respected."""
    return _recording[0] if _recording else _output()


def is_recording() -> bool:
    """Whether what is printed is drawn as a picture, in which nothing can move."""
    return bool(_recording)


def is_interactive() -> bool:
    """Whether a person can be asked something."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def recorded(picture: Path, title: str) -> Iterator[None]:
    """Draw what the body prints as an SVG picture of a terminal, in colour."""
    screen = Console(
        record=True, width=88, color_system="truecolor", no_color=False, highlighter=NullHighlighter()
    )
    _recording.append(screen)
    try:
        yield
    finally:
        _recording.clear()
        picture.parent.mkdir(parents=True, exist_ok=True)
        drawn = screen.export_svg(title=title, unique_id="dexec")
        # The font of the reader's terminal will do: a picture fetches nothing.
        picture.write_text(_FONT_FACE.sub("", drawn).replace("Fira Code", "ui-monospace"), encoding="utf-8")


@cache
def _output() -> Console:
    return _console(stderr=False)


@cache
def errors() -> Console:
    """Return the console for standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlighter=NullHighlighter(), emoji=False)


def table(
    *columns: str,
    title: str = "",
    right: Container[str] = (),
    whole: Container[str] = (),
    show_header: bool = True,
) -> Table:
    """Return a table without lines; columns in ``right`` are right-aligned, in ``whole`` never wrapped."""
    made = Table(
        title=title or None,
        title_style="bold",
        title_justify="left",
        show_header=show_header,
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=name in whole)
    return made


@dataclass(frozen=True)
class Tail:
    """A text of which a narrow column shows the end: of an id, the beginning is the time it was made."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return how narrow and how wide a column of it may be."""
        return Measurement(min(SHORT_ID, len(self.text)), len(self.text)).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield as much of the end as fits."""
        room = options.max_width
        yield Text(self.text if len(self.text) <= room else f"…{self.text[1 - room :]}" if room > 1 else "…")


def say(text: str) -> None:
    """Print a line with rich's markup; long lines are not broken, so that they can be pasted."""
    console().print(text, soft_wrap=True)


def say_json(document: object) -> None:
    """Print JSON, nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say_result(document: Shown, show: Callable[[Shown], None], *, as_json: bool) -> None:
    """Print a result: as JSON, or as ``show`` shows it."""
    if as_json:
        say_json(document)
    else:
        show(document)


def say_json_line(document: object) -> None:
    """Print one JSON document on one line, for streams of them."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def minute(moment: object) -> str:
    """Return a moment of the API to the minute, in UTC: ``2026-11-22 10:02``; of none, nothing."""
    return str(moment or "")[:16].replace("T", " ")


def complain(message: str) -> None:
    """Print what went wrong on standard error."""
    errors().print(f"[bold red]error[/] {escape(message)}", soft_wrap=True)


def note(message: str) -> None:
    """Print on standard error what is no result: progress, advice."""
    errors().print(f"[dim]{escape(message)}[/]", soft_wrap=True)
