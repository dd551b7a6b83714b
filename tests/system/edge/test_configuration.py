"""What a client is told before it has a key."""

from __future__ import annotations

import pytest

from tests.system.edge.inprocess import deployed


@pytest.mark.parametrize("spread", ["default", "tight"])
def test_the_configuration_says_how_far_apart_the_paper_venues_lie(clean_url: str, spread: str) -> None:
    with deployed(clean_url, paper_spread=spread) as functions:
        assert functions.http("GET", "/api/config", key=None).json["paperSpread"] == spread
