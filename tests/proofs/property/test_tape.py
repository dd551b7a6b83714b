"""Tapes, for random moves: pools follow them on every venue, and all processes see the same pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from hashlib import sha256
from itertools import combinations, pairwise
from random import Random

import pytest

from dexec.adapters.paper.simulator import (
    ALLOWANCE_SLOTS,
    LATENCIES,
    NO_TAPE,
    READ_SLOTS,
    SLOT,
    VENUES,
    Latency,
    LiveTape,
    PaperMarket,
    PriceMove,
    Tape,
    horizon_slots,
    lead_slots,
    slot_at,
)
from dexec.domain.pools import DlmmPool
from dexec.domain.quote import Mode, Pair, PoolSnapshot, RouteRequest
from dexec.domain.routing import find_route, pairs_for
from dexec.domain.tokens import TOKENS
from tests.support.fakes import START, FakeClock

SLOT_NOW = 4_412_000_000
PAIRS = [Pair(*pair) for pair in combinations(TOKENS, 2)]
FACTORS = (Fraction(1, 10), Fraction(19, 20), Fraction(9_999, 10_000), Fraction(27, 25), Fraction(10))
BIN_STEP = Fraction(10_008, 10_000)


def mid(market: PaperMarket, venue: str, pair: Pair, slot: int) -> Fraction:
    return market.pools(venue, [pair], slot)[0].curve(pair.token_in).mid


def moves_of(rnd: Random) -> list[PriceMove]:
    """Return some moves around now, several of a slot among them, that stay within the tape's range."""
    many = [
        PriceMove(SLOT_NOW + rnd.randrange(-5, 5), rnd.choice([*TOKENS]), rnd.choice(FACTORS))
        for _ in range(rnd.randrange(1, 6))
    ]
    kept: list[PriceMove] = []
    for move in many:
        held = [
            factor
            for slot in range(-5, 5)
            for factor in Tape([*kept, move]).factors(SLOT_NOW + slot).values()
        ]
        if all(Fraction(1, 1_000) < factor < 1_000 for factor in held):
            kept.append(move)
    return kept


def test_prices_follow_the_tape_on_every_venue() -> None:
    """To the rounding of the reserves on Raydium; to a bin, in which no price moves, on Meteora."""
    rnd, still = Random(16), PaperMarket(5)
    for _ in range(60):
        tape = Tape(moves_of(rnd))
        moved, again = PaperMarket(5, tape=tape), PaperMarket(5, tape=Tape(reversed(tape.moves)))
        slot, pair = SLOT_NOW + rnd.randrange(-6, 6), rnd.choice(PAIRS)
        factors = tape.factors(slot)
        expected = Fraction(factors.get(pair.token_in, 1)) / factors.get(pair.token_out, 1)
        product, bins = (mid(moved, venue, pair, slot) / mid(still, venue, pair, slot) for venue in VENUES)
        assert abs(product / expected - 1) < Fraction(1, 10**6)
        assert 1 / BIN_STEP**2 < bins / expected < BIN_STEP**2
        for venue in VENUES:
            pool = moved.pools(venue, [pair], slot)[0]
            assert pool == again.pools(venue, [pair], slot)[0]
            if not {pair.token_in, pair.token_out} & factors.keys():
                assert pool == still.pools(venue, [pair], slot)[0]


def test_the_pools_of_a_crash_and_a_rally_hold_as_many_usd_as_before_and_can_be_traded() -> None:
    for factor in (Fraction(1, 10), Fraction(10), Fraction(1, 1_000), Fraction(1_000)):
        for token in ("SOL", "BONK"):
            market = PaperMarket(5, tape=Tape([PriceMove(SLOT_NOW, token, factor)]))
            for other in TOKENS.keys() - {token}:
                pair = Pair(token, other)
                before = PaperMarket(5).pools("raydium", [pair], SLOT_NOW)[0].curve(other).max_out
                after = market.pools("raydium", [pair], SLOT_NOW)[0].curve(other).max_out
                assert abs(after * factor / before - 1) < Fraction(1, 10**4)
                pool = market.pools("meteora", [pair], SLOT_NOW)[0]
                assert isinstance(pool, DlmmPool)
                assert abs(pool.volatility.index_reference - pool.active_bin) <= 4
                assert all(amount < 2**63 for amount in (*pool.amounts_x, *pool.amounts_y))
            snapshots = [
                PoolSnapshot(venue, SLOT_NOW, market.pools(venue, pairs_for(token, "USDC"), SLOT_NOW), 1)
                for venue in VENUES
            ]
            request = RouteRequest(Mode.EXACT_IN, "USDC", token, 1_000 * 10**6, 50)
            assert find_route(request, snapshots).amount_out > 0


def test_without_a_move_that_has_begun_every_pool_is_the_untaped_one() -> None:
    later = Tape([PriceMove(SLOT_NOW + 1, token, Fraction(2)) for token in TOKENS])
    for venue in VENUES:
        untaped = PaperMarket(5).pools(venue, PAIRS, SLOT_NOW)
        assert PaperMarket(5, tape=later).pools(venue, PAIRS, SLOT_NOW) == untaped
        assert PaperMarket(5, tape=NO_TAPE).pools(venue, PAIRS, SLOT_NOW) == untaped


def test_the_untaped_market_is_the_one_of_before_there_were_tapes() -> None:
    """The hash is of what ``PaperMarket`` gave then."""
    prices = sha256()
    for slot in (SLOT_NOW, 228_098_151):
        for venue in VENUES:
            for pool in PaperMarket(5).pools(venue, PAIRS, slot):
                for token in (pool.token_x, pool.token_y):
                    curve = pool.curve(token)
                    prices.update(f"{pool.id} {curve.mid} {curve.max_out} {curve.exact_in(10**7)};".encode())
    assert prices.hexdigest()[:32] == "27684e86fbb517355abc76fde42cbfa8"


# --- which read holds for which slots ------------------------------------------------------------------


@pytest.mark.parametrize("profile", LATENCIES)
def test_no_read_that_misses_a_move_serves_a_slot_of_it(profile: str) -> None:
    """Every phase of statement, commit and read within their slots, in steps of 50 ms."""
    latency, step = LATENCIES[profile], timedelta(milliseconds=50)
    slack = ALLOWANCE_SLOTS * SLOT
    tightest = 10**9
    for phase in range(8):
        written = START + phase * step
        begins = slot_at(written) + lead_slots(latency)
        for late in range(slack // step):
            committed = written + late * step
            # The last read that can miss it begins at the moment of the commit.
            last_served = slot_at(committed) + horizon_slots(latency) - 1
            assert last_served < begins
            tightest = min(tightest, begins - last_served)
    assert tightest == 1, "and no slot is given away"


@pytest.mark.parametrize("profile", LATENCIES)
def test_a_busy_process_reads_once_in_800_ms(profile: str) -> None:
    latency, clock = LATENCIES[profile], FakeClock()
    reads: list[float] = []

    def read(_: int) -> Sequence[PriceMove]:
        reads.append((clock.now() - START).total_seconds())
        return []

    tape = LiveTape(read, clock, horizon_slots(latency))
    while clock.now() < START + timedelta(seconds=20):
        tape.factors(slot_at(clock.now()))
        tape.factors(slot_at(clock.now() + latency.landing[1]))
        clock.advance(0.01)
    pauses = [later - sooner for sooner, later in pairwise(reads)]
    assert min(pauses) >= (READ_SLOTS * SLOT).total_seconds() == 0.8
    assert len(reads) <= 25


def test_a_process_that_only_quotes_reads_once_in_its_horizon() -> None:
    clock, reads = FakeClock(), []
    tape = LiveTape(lambda since: reads.append(since) or [], clock, 4)  # type: ignore[func-returns-value]
    for _ in range(2_000):
        tape.factors(slot_at(clock.now()))
        clock.advance(0.01)
    assert len(reads) == 13  # 20 s / 1.6 s
    assert reads[0] == 0
    assert reads[1] == slot_at(START), "only what the last read may have missed is asked for again"


@dataclass
class Table:
    """The stored moves, each with the moment in which its commit is over."""

    rows: list[tuple[float, PriceMove]] = field(default_factory=list)
    now: float = 0.0

    def read(self, since: int) -> list[PriceMove]:
        return [move for visible, move in self.rows if visible <= self.now and move.slot >= since]


@pytest.mark.parametrize("profile", LATENCIES)
@pytest.mark.parametrize("seed", range(6))
def test_all_processes_see_the_same_pool_at_a_slot(profile: str, seed: int) -> None:
    """Random moves, commits that take their time, processes that stand still between now and computing."""
    assert not _disagreements(LATENCIES[profile], lead_slots(LATENCIES[profile]), seed)


def test_a_move_that_began_sooner_would_be_missed() -> None:
    assert any(
        _disagreements(LATENCIES["default"], lead_slots(LATENCIES["default"]) - 1, n) for n in range(6)
    )


def _disagreements(latency: Latency, lead: int, seed: int) -> list[int]:
    """Return the slots at which a process computed with other moves than the whole tape has."""
    rnd, table = Random(seed), Table()
    clock = FakeClock()
    tapes = [LiveTape(table.read, clock, horizon_slots(latency)) for _ in range(5)]
    seen: list[tuple[int, dict[str, Fraction]]] = []
    for _ in range(3_000):
        clock.advance(rnd.choice((0.001, 0.01, 0.05, 0.05)))
        table.now = (clock.now() - START).total_seconds()
        if rnd.random() < 0.02:
            move = PriceMove(slot_at(clock.now()) + lead, rnd.choice(("SOL", "RAY")), rnd.choice(FACTORS))
            lag = rnd.choice((0.0, 0.01, 0.79))
            table.rows.append((table.now + lag, move))
        for tape in tapes:
            if rnd.random() < 0.2:
                ahead = rnd.choice((timedelta(0), latency.landing[1] * rnd.random(), latency.landing[1]))
                slot = slot_at(clock.now() + ahead)
                seen.append((slot, dict(tape.factors(slot))))
    whole = Tape(move for _, move in table.rows)
    assert len(whole.moves) > 20
    return [slot for slot, factors in seen if factors != whole.factors(slot)]
