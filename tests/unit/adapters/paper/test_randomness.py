"""What the simulator draws."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dexec.adapters.paper.randomness import happens

DRAWS = 4_000


@pytest.mark.parametrize("rate", [Decimal(0), Decimal("0.1"), Decimal("0.5"), Decimal(1)])
def test_what_happens_at_a_rate_does_so_as_often(rate: Decimal) -> None:
    often = sum(happens(rate, "seed", number) for number in range(DRAWS))
    assert abs(often - rate * DRAWS) < DRAWS // 50
    assert often in (0, DRAWS) or 0 < rate < 1
