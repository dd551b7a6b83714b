"""How moves and prices of the paper market read, on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter

from dexec.adapters.paper.simulator import VENUES, PriceMove, Tape, in_words, time_of
from dexec.domain.quote import Pair
from dexec.ports import Clock
from dexec_client.raw.json_types import Document
from infra.cli import output
from infra.cli.interrupts import stoppable

Prices = Sequence[tuple[Pair, Mapping[str, Fraction]]]

SHOWN = 12
"""How many of the moves that have begun are listed on a terminal."""


def market_document(slot: int, prices: Prices, tape: Tape) -> Document:
    """Return prices and moves as JSON."""
    return {
        "slot": slot,
        "at": _iso(time_of(slot)),
        "prices": [
            {
                "pair": f"{pair.token_in}/{pair.token_out}",
                "venues": {venue: _decimal(mid) for venue, mid in mids.items()},
                "tape": _decimal(_factor(tape, pair, slot)),
            }
            for pair, mids in prices
        ],
        "moves": [*move_documents(tape.moves, slot, tape)],
    }


def move_documents(moves: Sequence[PriceMove], slot: int, tape: Tape) -> list[Document]:
    """Return moves as JSON; ``total`` is all moves of the token together from then on."""
    return [
        {
            "moveId": move.move_id,
            "token": move.token,
            "factor": _decimal(move.factor),
            "total": _decimal(tape.factors(move.slot).get(move.token, Fraction(1))),
            "slot": move.slot,
            "at": _iso(time_of(move.slot)),
            "begun": move.slot <= slot,
        }
        for move in moves
    ]


def print_market(slot: int, prices: Prices, tape: Tape, now: datetime) -> None:
    """Print prices, and the last moves and those to come."""
    table = output.table("pair", *VENUES, "tape", right=(*VENUES, "tape"))
    for pair, mids in prices:
        cells = [_decimal(mids[venue], digits=7) for venue in VENUES]
        table.add_row(f"{pair.token_in}/{pair.token_out}", *cells, in_words(_factor(tape, pair, slot)))
    output.console().print(table)
    begun = [move for move in tape.moves if move.slot <= slot]
    if len(begun) > SHOWN:
        output.say(f"\nthe last {SHOWN} of {len(begun)} moves so far, and those to come")
    elif tape.moves:
        output.say("\nmoves")
    print_moves(tape.moves[max(0, len(begun) - SHOWN) :], now, tape)


def print_moves(moves: Sequence[PriceMove], now: datetime, tape: Tape) -> None:
    """Print what moves when, and where the token then stands."""
    if not moves:
        return
    table = output.table("when", "at (UTC)", "token", "move", "in all", right=("when", "move", "in all"))
    for move in moves:
        at = time_of(move.slot)
        total = tape.factors(move.slot).get(move.token, Fraction(1))
        table.add_row(
            _when((at - now).total_seconds()),
            f"{at:%H:%M:%S}.{at.microsecond // 100_000}",
            move.token,
            change_words(move.factor),
            in_words(total),
        )
    output.console().print(table)


def follow(moves: Sequence[PriceMove], clock: Clock) -> None:
    """Say each move as it comes, with a countdown to the next; an interrupt stops this, not the moves."""
    with stoppable(quietly=True), output.console().status("") as status:
        for slot, together in groupby(moves, attrgetter("slot")):
            words = ", ".join(f"{move.token} {change_words(move.factor)}" for move in together)
            while (left := (time_of(slot) - clock.now()).total_seconds()) > 0:
                status.update(f"{words} in {left:.1f} s")
                clock.sleep(min(left, 0.1))
            output.say(f"[bold]{words}[/]")


def change_words(factor: Fraction) -> str:
    """Return a move as it is written: in percent where that is exact to two decimals, else as a factor."""
    percent = (factor - 1) * 100
    if factor < 2 and (percent * 100).denominator == 1:
        return f"{Decimal(int(percent * 100)) / 100:+}%"
    return in_words(factor)


def _when(seconds: float) -> str:
    if seconds >= 0:
        return f"in {seconds:.1f} s"
    return f"{-seconds:.0f} s ago" if seconds > -120 else f"{-seconds / 60:.0f} min ago"


def _factor(tape: Tape, pair: Pair, slot: int) -> Fraction:
    factors = tape.factors(slot)
    return Fraction(factors.get(pair.token_in, 1)) / factors.get(pair.token_out, 1)


def _decimal(value: Fraction, digits: int = 12) -> str:
    """Return a number as a plain decimal of so many significant digits at the most."""
    quotient = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{Decimal(f'{quotient:.{digits}g}'):f}"


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
