"""What a client is shown of its risk limits."""

from __future__ import annotations

from datetime import date

import pytest

from dexec.api.risk import risk_view
from dexec.domain.risk import RiskLimits, RiskStanding


@pytest.mark.parametrize(
    ("max_daily", "left"), [(100_000_000, "70"), (30_000_000, "0"), (29_000_000, "0"), (None, None)]
)
def test_what_is_left_of_a_day_is_never_less_than_nothing(max_daily: int | None, left: str | None) -> None:
    standing = RiskStanding(RiskLimits(max_daily=max_daily), date(2026, 1, 1), 30_000_000, 2, ())
    assert risk_view(standing)["usage"] == {"day": "2026-01-01", "notional": "30", "left": left, "open": 2}
