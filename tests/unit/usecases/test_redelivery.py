"""When a message is delivered again, in seconds."""

from __future__ import annotations

import pytest

from dexec.usecases.redelivery import Redelivery, after_outage


@pytest.mark.parametrize(
    ("receives", "jitter", "delay_s"),
    [(0, 0, 1), (1, 0, 1), (2, 0, 2), (3, 0, 4), (4, 0, 8), (5, 0, 15), (9, 0, 15), (5, 0.4, 16.5)],
)
def test_after_an_outage_sooner_at_first_and_up_to_a_quarter_later(
    receives: int, jitter: float, delay_s: float
) -> None:
    assert after_outage(receives, "the store is away", jitter) == Redelivery(delay_s, "the store is away")
