"""Tapes: moves multiply, pools stay a function of seed, tape and slot, and a script is read strictly."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from itertools import permutations
from typing import cast

import pytest

from dexec.adapters.paper import paper_chain
from dexec.adapters.paper.ledger import PaperLedger
from dexec.adapters.paper.market import PaperMarket
from dexec.adapters.paper.slots import slot_at, time_of
from dexec.adapters.paper.tape import LOWEST, MAX_MOVES, NO_TAPE, PriceMove, Tape
from dexec.adapters.paper.tape_script import (
    MAX_LINES,
    ScriptedMove,
    configured_tape,
    parse_move,
    parse_script,
)
from dexec.adapters.postgres.database import Database
from dexec.domain.errors import Invalid
from dexec.domain.pools import Pool
from dexec.domain.quote import Pair
from tests.support.fakes import START, FakeClock


def test_a_move_holds_from_its_slot_on_for_good() -> None:
    tape = Tape([PriceMove(10, "SOL", Fraction(19, 20)), PriceMove(30, "RAY", Fraction(2))])
    assert tape.factors(9) == {}
    assert tape.factors(10) == tape.factors(29) == {"SOL": Fraction(19, 20)}
    assert tape.factors(30) == tape.factors(10**9) == {"SOL": Fraction(19, 20), "RAY": Fraction(2)}
    assert NO_TAPE.factors(10) == {}


def test_moves_multiply_in_whatever_order_they_come() -> None:
    moves = [PriceMove(slot, "SOL", Fraction(factor, 7)) for slot, factor in ((5, 6), (5, 9), (3, 8), (8, 5))]
    held = [[Tape(order).factors(slot).get("SOL", 1) for slot in range(10)] for order in permutations(moves)]
    first, at_five = Fraction(8, 7), Fraction(8 * 6 * 9, 7**3)
    assert held[0] == [1, 1, 1, first, first, *[at_five] * 3, *[at_five * 5 / 7] * 2]
    assert all(one == held[0] for one in held)


def test_a_tape_is_extended_without_changing_the_first() -> None:
    short = Tape([PriceMove(5, "SOL", Fraction(1, 2))])
    longer = short.extended([PriceMove(2, "SOL", Fraction(1, 4))])
    assert short.factors(5) == {"SOL": Fraction(1, 2)}
    assert [longer.factors(slot)["SOL"] for slot in (2, 5)] == [Fraction(1, 4), Fraction(1, 8)]


def test_a_token_stays_within_a_thousandth_and_a_thousandfold() -> None:
    tenths = [PriceMove(slot, "SOL", Fraction(1, 10)) for slot in (1, 2, 3)]
    Tape(tenths).check()
    beyond = Tape([*tenths, PriceMove(4, "SOL", Fraction(1, 2)), PriceMove(5, "SOL", Fraction(4))])
    with pytest.raises(Invalid, match=r"SOL would be at x0\.0005 .* slot 4 on; .*x0\.001 and x1000"):
        beyond.check()
    assert [beyond.factors(slot)["SOL"] for slot in (4, 5)] == [LOWEST, LOWEST * 2]
    with pytest.raises(Invalid, match="x2000"):
        Tape([PriceMove(1, "RAY", Fraction(2_000))]).check()
    with pytest.raises(Invalid, match="holds 1000 moves, not 1001"):
        Tape([PriceMove(1, "RAY", Fraction(1))] * (MAX_MOVES + 1)).check()


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("-5%", Fraction(19, 20)),
        ("+8%", Fraction(27, 25)),
        ("-0.01%", Fraction(9_999, 10_000)),
        ("-99 %", Fraction(1, 100)),
        ("+9900%", Fraction(100)),
        ("x0.5", Fraction(1, 2)),
        ("X10", Fraction(10)),
        ("x1.0001", Fraction(10_001, 10_000)),
    ],
)
def test_moves_are_read_exactly(text: str, factor: Fraction) -> None:
    assert parse_move(text) == factor


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5%", "'5%' is no move: write -5%"),
        ("-5", "is no move"),
        ("-5.001%", "two decimals at the most"),
        ("x1.00001", "four at the most"),
        ("x-1", "is no move"),
        ("x1e3", "is no move"),
        ("", "is no move"),
        ("-\u0665%", "is no move"),
        ("-100%", "zero or less"),
        ("-250%", "zero or less"),
        ("+0%", "moves nothing"),
        ("x1.0", "moves nothing"),
        ("x0", "between x0.01"),
        ("-99.01%", "between x0.01"),
        ("x100.0001", "x100"),
        ("+9900.01%", "x100"),
    ],
)
def test_other_moves_are_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse_move(text)


def test_a_script_is_moves_after_its_start() -> None:
    text = "# a\n\n+0s SOL -5%  # first\n +1.2s  sol  x0.5\n+1.3s RAY +8 %\n+2m BONK x2\n+1h USDC -1%"
    assert parse_script(text) == [
        ScriptedMove(0, "SOL", Fraction(19, 20)),
        ScriptedMove(3, "SOL", Fraction(1, 2)),
        ScriptedMove(4, "RAY", Fraction(27, 25)),
        ScriptedMove(300, "BONK", Fraction(2)),
        ScriptedMove(9_000, "USDC", Fraction(99, 100)),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no moves: write lines such as"),
        ("# nothing\n", "no moves"),
        ("+5s SOL -5%\n+6s SOL", r"line 2: expected a time, a token and a move.*not '\+6s SOL'"),
        ("5s SOL -5%", r"line 1: '5s' is no time: write \+5s"),
        ("+5 SOL -5%", "line 1: '.5' is no time"),
        ("+5d SOL -5%", "is no time"),
        ("+25h SOL -5%", "24 h at the most"),
        ("+1s DOGE -5%", "line 1: unknown token 'DOGE'; known tokens: SOL"),
        ("+1s SOL -5", "line 1: '-5' is no move"),
        ("+1s SOL -5% now", "is no move"),
        ("+5s SOL -5%\n\n+4s SOL +5%", r"line 3: \+4s is before the move above it"),
        ("+5s SOL -5%\n" * (MAX_LINES + 1), f"line {MAX_LINES + 1}: a script has {MAX_LINES}"),
    ],
)
def test_a_wrong_script_is_refused_with_the_line(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse_script(text)


def test_a_configured_tape_begins_at_its_time() -> None:
    start = slot_at(datetime(2026, 11, 21, 10, tzinfo=UTC))
    tape = configured_tape("2026-11-21T10:00:00Z; +5s SOL -5%; +20s SOL x2;")
    assert tape.moves == (
        PriceMove(start + 13, "SOL", Fraction(19, 20)),
        PriceMove(start + 50, "SOL", Fraction(2)),
    )
    assert configured_tape("2026-11-21T11:00:00.001+01:00; +0s SOL x2").moves[0].slot == start + 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gap", "begins at a UTC time, as in"),
        ("2026-11-21T10:00:00; +5s SOL -5%", "begins at a UTC time"),
        ("2026-11-21T10:00:00Z", "no moves"),
        ("2026-11-21T10:00:00Z; +5s SOL -5%; +5s SOL", "move 2: expected a time"),
        ("2026-11-21T10:00:00Z; +5s SOL x100; +6s SOL x100", "SOL would be at x10000"),
    ],
)
def test_a_wrong_configured_tape_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        configured_tape(text)


def read(tape: str | Tape, slot: int) -> tuple[Pool, ...]:
    """Return a venue's pool as a chain reads it at a slot."""
    clock = FakeClock(time_of(slot))

    def no_ledger() -> PaperLedger:
        pytest.fail("nothing is stored")

    chain = paper_chain(no_ledger, clock, latency="none", tape=tape)
    return tuple(chain.venues[0].read([Pair("SOL", "USDC")]).pools)


def test_a_chain_takes_a_tape_a_script_or_none() -> None:
    slot = slot_at(START)
    pair = [Pair("SOL", "USDC")]
    half = Tape([PriceMove(slot, "SOL", Fraction(1, 2))])
    moved = PaperMarket(1, tape=half).pools("raydium", pair, slot)
    assert moved != PaperMarket(1).pools("raydium", pair, slot)
    assert read(half, slot) == read(f"{START.isoformat()}; +0s SOL x0.5", slot) == moved
    assert read("", slot) == read(NO_TAPE, slot) == PaperMarket(1).pools("raydium", pair, slot)
    with pytest.raises(ValueError, match="PAPER_TAPE: a tape begins at a UTC time"):
        read("gap", slot)


def test_a_live_tape_is_read_from_the_ledger_by_all_venues_together() -> None:
    clock = FakeClock()
    slot = slot_at(START)

    class OneMove(PaperLedger):
        def __init__(self) -> None:
            super().__init__(cast(Database, None))
            self.reads = 0

        def price_moves(self, since: int = 0) -> list[PriceMove]:
            self.reads += 1
            return [PriceMove(slot, "SOL", Fraction(1, 2))] if since <= slot else []

    ledger = OneMove()
    chain = paper_chain(lambda: ledger, clock, latency="none", tape="live")
    for venue in chain.venues:
        half = PaperMarket(1, tape=Tape([PriceMove(slot, "SOL", Fraction(1, 2))]))
        pools = half.pools(venue.name, [Pair("SOL", "USDC")], slot)
        assert venue.read([Pair("SOL", "USDC")]).pools == pools
    assert ledger.reads == 1


def test_threads_use_the_ledgers_connection_one_at_a_time() -> None:
    """Venues are read in threads of their own; one that hangs may still be there when an order is sent."""
    inside, most = 0, 0

    class Slow:
        def transact(self, *_: object) -> tuple[list[object], list[list[object]]]:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1
            return [], [[]]

    ledger = PaperLedger(cast(Database, Slow()))
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ledger.price_moves, range(8))) == [[]] * 8
    assert most == 1
