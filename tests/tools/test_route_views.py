"""How routes read on a terminal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dexec_client.raw.json_types import Document
from infra.cli.percent import impact_words
from infra.cli.route_views import print_route, print_route_in_full


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        ("-1.696233", "1.69 %"),
        ("0.999", "0.99 %"),
        ("0.00693", "< 0.01 %"),
        ("-0.0001", "< 0.01 %"),
        ("0", "0.00 %"),
        ("5", "5.00 %"),
    ],
)
def test_an_impact_is_a_positive_percentage_in_hundredths(percent: str, words: str) -> None:
    assert impact_words(Decimal(percent)) == words


def quote(venue: str) -> Document:
    return {
        "venue": venue,
        "pool": f"{venue}:JUP-SOL",
        "price": "0.0035",
        "slippage": "-0.0165",
        "fee": "0.0025",
        "amountIn": "9500",
        "amountOut": "33",
    }


def leg(hop: int, token_in: str, token_out: str) -> Document:
    return {
        "venue": "meteora",
        "pool": f"meteora:{token_in}-{token_out}",
        "hop": hop,
        "shareBps": 10_000,
        "tokenIn": token_in,
        "tokenOut": token_out,
        "amountIn": "1",
        "amountOut": "1",
        "price": "1",
        "priceImpactBps": "-169.6233",
        "fee": {"token": token_in, "base": "0", "variable": "0"},
    }


TWO_HOPS: Document = {
    "mode": "exactIn",
    "tokenIn": "JUP",
    "tokenOut": "SOL",
    "reason": "",
    "bound": "34",
    "gapBps": "0",
    "quotes": [quote("raydium"), quote("meteora")],
    "legs": [leg(1, "JUP", "USDC"), leg(2, "USDC", "SOL")],
}


def test_only_a_pool_on_the_route_is_marked_as_taken(capsys: pytest.CaptureFixture[str]) -> None:
    print_route(TWO_HOPS, "through another pool of the same venue")
    assert "100 %" not in capsys.readouterr().out
    direct: Document = {**TWO_HOPS, "legs": [{**leg(1, "JUP", "SOL"), "pool": "meteora:JUP-SOL"}]}
    print_route(direct, "direct")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "100 %" in line] == ["meteora"]


def test_quotes_and_legs_show_their_impact_alike(capsys: pytest.CaptureFixture[str]) -> None:
    print_route_in_full(TWO_HOPS, "JUP → SOL")
    told = capsys.readouterr().out
    assert told.count("1.65 %") == 2
    assert told.count("1.69 %") == 2
    assert "-1" not in told
