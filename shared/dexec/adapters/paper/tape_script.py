"""Tapes as text: one move a line, as ``+5s SOL -5%``; on one line of a setting, parted by semicolons.

A line is a time after the start of the tape, a token, and a move: ``-5%`` and ``+8%`` change its value by so
much, two decimals at the most; ``x0.5`` multiplies it, four decimals at the most. Times rise. ``#`` begins a
comment.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from dexec.adapters.paper.slots import SLOT, slot_at
from dexec.adapters.paper.tape import PriceMove, Tape
from dexec.domain.errors import Invalid
from dexec.domain.tokens import find_token

SMALLEST, LARGEST = Fraction(1, 100), Fraction(100)
"""The range of one move."""

LONGEST = timedelta(hours=24)
MAX_LINES = 200

_TIME = re.compile(r"\+(\d{1,6}(?:\.\d{1,3})?)(s|m|h)", re.ASCII)
_PERCENT = re.compile(r"([+-])(\d{1,6}(?:\.\d{1,2})?)\s?%", re.ASCII)
_TIMES = re.compile(r"[xX](\d{1,6}(?:\.\d{1,4})?)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600}


class ScriptedMove(NamedTuple):
    """A move so many slots after its tape begins."""

    after: int
    token: str
    factor: Fraction


def parse_move(text: str) -> Fraction:
    """Return the factor of ``-5%``, ``+8%`` or ``x0.5``. Raises ``Invalid``."""
    if found := _PERCENT.fullmatch(text):
        sign, percent = (-1 if found[1] == "-" else 1), Fraction(found[2])
        factor = 1 + sign * percent / 100
        if factor <= 0:
            raise Invalid(f"{text} would leave a price of zero or less; the largest fall is -99%")
    elif found := _TIMES.fullmatch(text):
        factor = Fraction(found[1])
    else:
        raise Invalid(
            f"{text[:40]!r} is no move: write -5%, +8% (two decimals at the most) or x0.5 (four at the most)"
        )
    if factor == 1:
        raise Invalid(f"{text} moves nothing")
    if not SMALLEST <= factor <= LARGEST:
        raise Invalid(f"{text} is too much for one move: between x0.01 (-99%) and x100 (+9900%)")
    return factor


def one_move(token: str, text: str) -> list[ScriptedMove]:
    """Return the script of one move at once. Raises ``Invalid``."""
    return [ScriptedMove(0, find_token(token).symbol, parse_move(text))]


def parse_script(text: str) -> list[ScriptedMove]:
    """Return the moves of a text of lines. Raises ``Invalid``, which names the line."""
    return _parsed([(f"line {number}", line) for number, line in enumerate(text.splitlines(), start=1)])


def configured_tape(setting: str) -> Tape:
    """Return the tape of a setting: ``2026-11-21T10:00:00Z; +5s SOL -5%; +20s SOL +8%``.

    It begins at an absolute time, so that it is a function of the configuration alone. Raises ``Invalid``.
    """
    start, *lines = setting.split(";")
    first = slot_at(_moment(start.strip()) + SLOT - timedelta.resolution)
    moves = _parsed([(f"move {number}", line) for number, line in enumerate(lines, start=1)])
    tape = Tape(PriceMove(first + move.after, move.token, move.factor) for move in moves)
    tape.check()
    return tape


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(
            f"a tape begins at a UTC time, as in '2026-11-21T10:00:00Z; +5s SOL -5%', not at {text[:40]!r}"
        )
    return moment


def _parsed(lines: list[tuple[str, str]]) -> list[ScriptedMove]:
    moves: list[ScriptedMove] = []
    for place, line in lines:
        words = line.partition("#")[0].split(maxsplit=2)
        if not words:
            continue
        try:
            move = _parse_line(words)
        except Invalid as exc:
            raise Invalid(f"{place}: {exc}") from exc
        if moves and move.after < moves[-1].after:
            raise Invalid(f"{place}: {words[0]} is before the move above it; times rise")
        moves.append(move)
        if len(moves) > MAX_LINES:
            raise Invalid(f"{place}: a script has {MAX_LINES} moves at the most")
    if not moves:
        raise Invalid("the tape has no moves: write lines such as +5s SOL -5%")
    return moves


def _parse_line(words: list[str]) -> ScriptedMove:
    if len(words) != 3:
        raise Invalid(f"expected a time, a token and a move, as in +5s SOL -5%, not {' '.join(words)[:60]!r}")
    time, token, move = words
    return ScriptedMove(_slots(time), find_token(token).symbol, parse_move(move.strip()))


def _slots(time: str) -> int:
    found = _TIME.fullmatch(time)
    if found is None:
        raise Invalid(f"{time[:40]!r} is no time: write +5s, +0.4s, +2m or +1h")
    seconds = Fraction(found[1]) * _SECONDS[found[2]]
    if seconds > LONGEST // timedelta(seconds=1):
        raise Invalid(f"{time} is too far ahead: 24 h at the most")
    slot = SLOT / timedelta(milliseconds=1)
    return -int(-(seconds * 1000) // int(slot))
