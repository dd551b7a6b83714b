"""What commands print: tables and colours for people, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import os
import sys
from functools import cache

from rich.console import Console
from rich.highlighter import NullHighlighter
from rich.markup import escape

PLAIN_WIDTH = 100
"""Columns of what is not written to a terminal."""


@cache
def console() -> Console:
    """Return the console for standard output; ``NO_COLOR`` and ``COLUMNS`` are respected."""
    return _console(stderr=False)


@cache
def _errors() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlighter=NullHighlighter(), emoji=False)


def say(text: str) -> None:
    """Print a line with rich's markup; long lines are not broken, so that they can be pasted."""
    console().print(text, soft_wrap=True)


def say_json(document: object) -> None:
    """Print JSON, nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say_json_line(document: object) -> None:
    """Print one JSON document on one line, for streams of them."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def complain(message: str) -> None:
    """Print what went wrong on standard error."""
    _errors().print(f"[bold red]error[/] {escape(message)}", soft_wrap=True)


def note(message: str) -> None:
    """Print on standard error what is no result: progress, advice."""
    _errors().print(f"[dim]{escape(message)}[/]", soft_wrap=True)
