"""The tape in a running deployment: quotes and fills follow it, and it is read seldom, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast

import pytest

from dexec.adapters.paper import paper_ledger
from dexec.adapters.paper.simulator import LATENCIES, SLOT, PaperLedger, PriceMove, lead_slots, slot_at
from dexec.domain.errors import ClusterUnavailable
from dexec.usecases.authenticate import hash_key
from tests.support.fakes import START
from tests.system.edge.inprocess import SWAP, Deployment, deployed
from tests.system.integration.conftest import KEY

LEAD = lead_slots(LATENCIES["none"])
FALL = Fraction(4, 5)


@contextmanager
def running(url: str, tape: str) -> Iterator[Deployment]:
    """Return a deployment with a tape."""
    with deployed(url, log_level="CRITICAL", paper_tape=tape, default_slippage_bps=200) as deployment:
        if deployment.parts.api_keys.find(hash_key(KEY)) is None:
            deployment.add_key(KEY, "alice")
        yield deployment


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the reads of the tape."""
    reads: list[int] = []
    read = PaperLedger.price_moves

    def counted(self: PaperLedger, since: int = 0) -> list[PriceMove]:
        reads.append(since)
        return read(self, since)

    monkeypatch.setattr(PaperLedger, "price_moves", counted)
    return reads


def quoted(deployment: Deployment) -> Decimal:
    answer = deployment.http("GET", "/api/quotes", key=KEY, query=SWAP)
    assert answer.status == 200, answer.text
    return Decimal(str(cast("dict[str, object]", answer.json["route"])["amountOut"]))


def filled(deployment: Deployment) -> Decimal:
    order_id = deployment.place(KEY)
    assert deployment.execute(order_id) == []
    order = deployment.read(order_id, KEY)
    assert order["status"] == "confirmed", order
    return Decimal(order["fill"]["amountOut"])


def test_quotes_and_fills_follow_a_stored_move_from_its_slot_on(clean_url: str, reads: list[int]) -> None:
    with running(clean_url, "live") as deployment:
        before = quoted(deployment), filled(deployment)
        ledger = paper_ledger(deployment.parts.database)
        move = PriceMove(slot_at(deployment.clock.now()) + LEAD, "SOL", FALL, "mv_1")
        ledger.add_price_moves([move])
        reads.clear()
        while slot_at(deployment.clock.now()) < move.slot:
            assert 0.99 < quoted(deployment) / before[0] < 1.01
            deployment.clock.advance(SLOT.total_seconds())
        after = quoted(deployment), filled(deployment)
        assert all(0.79 < new / old < 0.81 for new, old in zip(after, before, strict=True))
        assert 1 <= len(reads) <= 3


def test_a_busy_process_reads_the_tape_once_in_800_ms(clean_url: str, reads: list[int]) -> None:
    with running(clean_url, "live") as deployment:
        for _ in range(20):
            quoted(deployment)
            filled(deployment)
            deployment.clock.advance(0.2)
        assert 3 <= len(reads) <= 5


def test_a_live_tape_costs_the_ledger_one_round_trip_and_the_store_none(
    clean_url: str, trips: Counter[int]
) -> None:
    counts: list[Counter[str]] = []
    for tape in ("", "live"):
        with running(clean_url, tape) as deployment:
            filled(deployment)
            deployment.clock.advance(60)
            order_id = deployment.place(KEY)
            store = id(deployment.parts.database)
            trips.clear()
            assert deployment.execute(order_id) == []
            counts.append(Counter("store" if one == store else "ledger" for one in trips.elements()))
    without, live = counts
    assert without["store"] == live["store"] == 4
    assert live["ledger"] == without["ledger"] + 1


def test_a_scripted_tape_is_never_read(clean_url: str, reads: list[int]) -> None:
    start = (START + timedelta(minutes=1)).isoformat()
    with running(clean_url, f"{start}; +10s SOL x0.8") as deployment:
        before = quoted(deployment)
        deployment.clock.advance(90)
        assert 0.79 < quoted(deployment) / before < 0.81
        assert 0.79 < filled(deployment) / before < 0.81
    assert reads == []


def test_without_a_tape_nothing_is_read(clean_url: str, reads: list[int]) -> None:
    with running(clean_url, "") as deployment:
        quoted(deployment)
        filled(deployment)
    assert reads == []


def test_venues_whose_tape_cannot_be_read_do_not_answer(
    clean_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[PriceMove]:
        raise ClusterUnavailable("the paper cluster cannot be reached")

    monkeypatch.setattr(PaperLedger, "price_moves", broken)
    with running(clean_url, "live") as deployment:
        answer = deployment.http("GET", "/api/quotes", key=KEY, query=SWAP)
        assert answer.status == 503
        assert "cannot read the market's tape" in answer.text
