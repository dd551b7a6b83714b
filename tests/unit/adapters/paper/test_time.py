"""Slots and latencies of the paper chain, in numbers that clients and operators see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dexec.adapters.paper.latency import LATENCIES
from dexec.adapters.paper.slots import slot_at
from dexec.settings import PaperLatency
from tests.support.fakes import START


def test_a_slot_takes_400_ms() -> None:
    slots = [slot_at(START + timedelta(milliseconds=late)) for late in (0, 399, 400, 60_000)]
    assert [slot - slots[0] for slot in slots] == [0, 0, 1, 150]


@pytest.mark.parametrize(
    ("name", "quote_ms", "landing_ms"),
    [
        ("none", (0, 0), (0, 0)),
        ("default", (180, 220), (250, 300)),
        ("congested", (180, 220), (2_000, 5_000)),
    ],
)
def test_latencies_lie_in_their_ranges_and_repeat(
    name: str, quote_ms: tuple[int, int], landing_ms: tuple[int, int]
) -> None:
    latency = LATENCIES[name]
    for number in range(200):
        quote, landing = latency.quote_time("raydium", number), latency.landing_time(f"signature {number}")
        assert quote_ms[0] <= quote.total_seconds() * 1000 <= quote_ms[1]
        assert landing_ms[0] <= landing.total_seconds() * 1000 <= landing_ms[1]
        assert landing == latency.landing_time(f"signature {number}")


def test_every_setting_has_its_latency() -> None:
    assert LATENCIES.keys() == {latency.value for latency in PaperLatency}
