"""Ticks in a file: one JSON object a line, or a paper tape, over which the simulator takes them.

A line is such as ``{"slot": 1000, "at": "2026-01-01T00:00:00Z", "book": "SOL/USDC", "reference": "150.25",
"mid": "150.31"}``. Prices are whole tokens out per whole token in, a decimal or an exact fraction such as
``601/4``; without ``mid``, it is the reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from dexec.adapters.paper.simulator import (
    SLOT,
    VENUES,
    PaperMarket,
    PriceMove,
    Tape,
    parse_script,
    slot_at,
    time_of,
)
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair, PoolSnapshot
from dexec.domain.routing import pairs_for
from dexec.domain.tokens import decimals_of, find_token, parse_token_amounts
from dexec.ports import BookTick
from dexec.settings import Settings
from dexec.usecases.reference import reference_prices
from infra.lab.replay.lines import json_lines, text_of, whole_number

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When a paper tape begins: its prices are a function of the seed and of this."""

TICK = timedelta(seconds=1)
AFTERWARDS = timedelta(seconds=30)
"""How long the market is looked at after the last move of a paper tape."""


def read_ticks(text: str, books: Iterable[Pair]) -> list[BookTick]:
    """Return the ticks of a file, by slot; of a paper tape, those of ``books``. Raises ``Invalid``."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and not lines[0].lstrip().startswith("{"):
        return list(_paper_ticks(text, sorted(books, key=str)))
    ticks = [_tick(fields, where) for where, fields in json_lines(text)]
    newest: dict[Pair, int] = {}
    for tick in ticks:
        if tick.slot <= newest.get(tick.pair, -1):
            raise Invalid(f"slots of {tick.pair.token_in}/{tick.pair.token_out} have to rise: {tick.slot}")
        newest[tick.pair] = tick.slot
    return sorted(ticks, key=lambda tick: tick.slot)


def written(ticks: Sequence[BookTick]) -> str:
    """Return ticks as the lines that ``read_ticks`` reads, exactly."""
    return "".join(json.dumps(_fields(tick)) + "\n" for tick in ticks)


def whole(pair: Pair, price: Fraction) -> Fraction:
    """Return a price of base units as one of whole tokens."""
    return price / _scale(pair)


def parse_book(text: str, where: str) -> Pair:
    """Return the pair of ``SOL/USDC``. Raises ``Invalid``."""
    names = text.split("/")
    if len(names) != 2:
        raise Invalid(f"{where}: {text!r} is no book: write SOL/USDC")
    token_in, token_out = (find_token(name).symbol for name in names)
    return Pair(token_in, token_out)


def parse_time(text: str, where: str) -> datetime:
    """Return a time in ISO 8601 with its offset. Raises ``Invalid``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise Invalid(f"{where}: {text!r} is no time in ISO 8601") from exc
    if moment.tzinfo is None:
        raise Invalid(f"{where}: {text!r} lacks its offset from UTC, such as Z")
    return moment.astimezone(UTC)


def _tick(fields: dict[str, object], where: str) -> BookTick:
    if unknown := fields.keys() - {"slot", "at", "book", "reference", "mid"}:
        raise Invalid(f"{where}: a tick has no {min(unknown)}")
    pair = parse_book(text_of(fields, "book", where), where)
    reference = _price(text_of(fields, "reference", where), pair, where)
    mid = _price(text_of(fields, "mid", where), pair, where) if "mid" in fields else reference
    at = parse_time(text_of(fields, "at", where), where)
    return BookTick(pair, whole_number(fields, "slot", where), at, reference, mid)


def _price(text: str, pair: Pair, where: str) -> Fraction:
    try:
        price = Fraction(text)
    except (ValueError, ZeroDivisionError) as exc:
        raise Invalid(f"{where}: {text!r} is no price: write a decimal, or a fraction such as 601/4") from exc
    if price <= 0:
        raise Invalid(f"{where}: a price is greater than zero, not {text}")
    return price * _scale(pair)


def _scale(pair: Pair) -> Fraction:
    return Fraction(10) ** (decimals_of(pair.token_out) - decimals_of(pair.token_in))


def _fields(tick: BookTick) -> dict[str, object]:
    return {
        "slot": tick.slot,
        "at": tick.at.isoformat().replace("+00:00", "Z"),
        "book": f"{tick.pair.token_in}/{tick.pair.token_out}",
        "reference": str(whole(tick.pair, tick.reference)),
        "mid": str(whole(tick.pair, tick.mid)),
    }


def _paper_ticks(text: str, books: Sequence[Pair]) -> Iterator[BookTick]:
    """Yield what the trigger function would see each second of the paper market under a tape."""
    script, first, settings = parse_script(text), slot_at(START), Settings.from_environ({})
    tape = Tape(PriceMove(first + move.after, move.token, move.factor) for move in script)
    tape.check()
    market = PaperMarket(settings.paper_seed, tape=tape)
    amounts = parse_token_amounts(settings.reference_amounts)
    lasts = max((move.after for move in script), default=0) * SLOT + AFTERWARDS
    for number in range(lasts // TICK + 1):
        slot = slot_at(START + number * TICK)
        at, pairs = (
            time_of(slot),
            {pair for book in books for pair in pairs_for(book.token_in, book.token_out)},
        )
        snapshots = [PoolSnapshot(venue, slot, market.pools(venue, pairs, slot), 0) for venue in VENUES]
        prices = reference_prices(books, snapshots, amounts, settings.leg_cost_lamports)
        for pair, found in prices.items():
            yield BookTick(pair, slot, at, found.reference, found.mid)
