"""The client-visible forms of routes and fills, and the explanation of a fill."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from dexec.adapters.paper.simulator import VENUES, PaperMarket
from dexec.adapters.postgres import encoding
from dexec.api.explain import explain_fill
from dexec.api.routes import fill_details, route_details
from dexec.domain.amounts import MAX_BASE_UNITS, format_decimal
from dexec.domain.errors import InsufficientLiquidity, NoVenue
from dexec.domain.pools import CollectFeeMode, ConstantProductPool
from dexec.domain.quote import Fill, Mode, PoolSnapshot, Route, RouteRequest, VenueFailure
from dexec.domain.routing import (
    execute_plan,
    find_route,
    pairs_for,
    record_fill,
    record_route,
)
from dexec.domain.routing.costs import route_costs
from dexec.domain.routing.record import rounded, rounded_price
from tests.support import random_markets
from tests.support.order_bins import FEES, bins
from tests.support.stored import ROUTED, STORED, text

SLOT = 4_412_000_000
MARKET = PaperMarket(5)


def quoted(request: RouteRequest) -> Route:
    pairs = pairs_for(request.token_in, request.token_out)
    return find_route(
        request, [PoolSnapshot(venue, SLOT, MARKET.pools(venue, pairs, SLOT), 200) for venue in VENUES]
    )


def filled(route: Route, slots_later: int) -> Fill:
    slot = SLOT + slots_later
    return execute_plan(route.plan(), lambda name: MARKET.pool(name, slot), slot=slot)


def test_a_quote_shows_all_that_clients_compare() -> None:
    pool = ConstantProductPool("r", "raydium", "SOL", "USDC", 10**14, 15 * 10**12)
    route = find_route(
        RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 10**12), [PoolSnapshot("raydium", 3, (pool,), 201)]
    )
    details = route_details(record_route(route))
    assert details["quotes"] == [
        {
            "venue": "raydium",
            "pool": "r",
            "slot": 3,
            "price": "150",
            "slippage": "-0.00987648",
            "effectivePrice": "148.5185277",
            "fee": "0.0025",
            "liquidityScore": 33,
            "latencyMs": 201,
            "amountIn": "1000",
            "amountOut": "148147.231367",
        }
    ]
    assert details["minAmountOut"] == "147406.495211"
    assert "maxAmountIn" not in details
    leg = details["legs"][0]
    assert leg["fee"] == {"token": "SOL", "base": "2.5", "variable": "0"}
    assert leg["priceImpactBps"] == "-98.7648"
    assert (leg["shareBps"], leg["hop"], leg["price"]) == (10_000, 1, "150")
    price, slippage = Fraction(details["quotes"][0]["price"]), Fraction(details["quotes"][0]["slippage"])
    assert abs(price * (1 + slippage) - Fraction(details["quotes"][0]["effectivePrice"])) < Fraction(1, 10**5)


def asked(name: str) -> tuple[RouteRequest, Route]:
    case = STORED[name]
    mode, token_in, token_out = Mode(case["mode"]), case["token_in"], case["token_out"]
    request = RouteRequest(mode, token_in, token_out, case["amount"], case["slippage"])
    pairs = pairs_for(token_in, token_out)
    snapshots = [
        PoolSnapshot(venue, SLOT, MARKET.pools(venue, pairs, SLOT), 200 + number)
        for number, venue in enumerate(case["venues"])
    ]
    failures = [VenueFailure(*trouble) for trouble in case["troubles"]]
    return request, find_route(request, snapshots, failures=failures, leg_cost=case["leg_cost"])


@pytest.mark.parametrize("name", ROUTED)
def test_clients_see_routes_and_fills_as_they_always_did(name: str) -> None:
    """Stored rows and answers of the first version, key by key in the same order."""
    request, route = asked(name)
    assert text(route_details(record_route(route))) == text(STORED[name]["route"])
    loose = replace(route.plan(), limit=1 if request.mode is Mode.EXACT_IN else MAX_BASE_UNITS)
    later = SLOT + 40
    fill = execute_plan(loose, lambda pool: MARKET.pool(pool, later), slot=later)
    kept = record_fill(fill, request.token_in, request.token_out)
    assert text(fill_details(kept)) == text(STORED[name]["fill"])
    assert encoding.load_fill(text(STORED[name]["fill"])) == kept


@pytest.mark.parametrize("mode", list(Mode))
def test_details_are_json_without_floats_or_exponents(mode: Mode) -> None:
    route = quoted(RouteRequest(mode, "BONK", "JUP", 10**12))
    floats: list[str] = []
    json.loads(json.dumps(route_details(record_route(route))), parse_float=floats.append)
    assert floats == []
    text = json.dumps(fill_details(record_fill(filled(route, 3), "BONK", "JUP")))
    assert "e-" not in text.lower().replace("meteora", "")
    assert ("maxAmountIn" in route_details(record_route(route))) == (mode is Mode.EXACT_OUT)


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Fraction(1, 3), 4, "0.3333"),
        (Fraction(-1, 20_000), 4, "-0.0001"),
        (Fraction(-1, 30_000), 4, "0"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(100), 0, "100"),
        (Fraction(100), 3, "100"),
    ],
)
def test_figures_are_rounded_half_up_and_stay_plain(value: Fraction, places: int, shown: str) -> None:
    assert format_decimal(rounded(value, places)) == shown


def test_prices_keep_ten_digits_however_small() -> None:
    assert format_decimal(rounded_price(Fraction(10**6, 150 * 10**9 * 7), "SOL", "USDC")) == "0.0009523809524"
    assert format_decimal(rounded_price(Fraction(0), "SOL", "USDC")) == "0"
    assert (
        format_decimal(rounded_price(Fraction(123_456_789_012_345, 10**6), "SOL", "USDC")) == "123456789012"
    )


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(("token_in", "token_out"), [("SOL", "USDC"), ("SOL", "JUP"), ("BONK", "RAY")])
def test_an_explanation_leaves_no_rest(mode: Mode, token_in: str, token_out: str) -> None:
    route = quoted(RouteRequest(mode, token_in, token_out, 3 * 10**11))
    for later in (0, 5, 400):
        slot = SLOT + later
        loose = RouteRequest(mode, token_in, token_out, 3 * 10**11, 5_000)
        fill = filled(quoted(loose), later)
        shown = fill_details(record_fill(fill, token_in, token_out))
        explained = explain_fill(route_details(record_route(route)), shown)
        reference, end = Decimal(explained["reference"]), Decimal(explained["filled"])
        cost = reference - end if mode is Mode.EXACT_IN else end - reference
        assert sum(Decimal(part["amount"]) for part in explained["parts"]) == cost, slot
        assert Decimal(explained["total"]["amount"]) == cost
        assert sum(Decimal(part["bps"]) for part in explained["parts"]) == Decimal(explained["total"]["bps"])
        causes = {part["cause"]: Decimal(part["amount"]) for part in explained["parts"]}
        assert causes["drift"] == 0 or later
        assert causes["drift"] != 0 or later < 400
        assert causes["fees"] > 0
        assert causes["impact"] >= 0
        assert causes["rounding"] >= 0


def test_costs_of_one_pool_by_hand() -> None:
    pool = ConstantProductPool("r", "raydium", "SOL", "USDC", 1_000_000, 2_000_000)
    route = find_route(
        RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_000), [PoolSnapshot("raydium", 3, (pool,), 1)]
    )
    costs = route_costs(route)
    unrounded = Fraction(997 * 2_000_000, 1_000_997)
    assert costs.reference == 2_000
    assert costs.fees == 6
    assert costs.impact == 1_994 - unrounded
    assert costs.rounding == unrounded - 1_992


def test_costs_are_never_negative_and_add_up_on_random_markets() -> None:
    rnd = Random(3)
    seen = 0
    while seen < 200:
        snapshots = random_markets.snapshots(random_markets.market(rnd, 10**9))
        try:
            route = find_route(random_markets.request(rnd, 10**9), snapshots)
        except (NoVenue, InsufficientLiquidity):
            continue
        seen += 1
        costs = route_costs(route)
        total = costs.fees + costs.impact + costs.rounding
        if route.mode is Mode.EXACT_IN:
            assert costs.reference - total == route.amount_out
        else:
            assert costs.reference + total == route.amount_in
        assert min(costs.fees, costs.impact, costs.rounding) >= 0
        assert costs.reference > 0


def test_a_fee_on_the_output_is_given_in_its_own_token() -> None:
    pool = bins(fees=replace(FEES, collect_fee_mode=CollectFeeMode.ONLY_Y))
    route = find_route(
        RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 150), [PoolSnapshot("meteora", 1, (pool,), 1)]
    )
    details = route_details(record_route(route))
    assert details["legs"][0]["fee"] == {"token": "SOL", "base": "0", "variable": "0", "output": "0.000002"}
    assert details["quotes"][0]["fee"] == "0.013333"
    assert details["quotes"][0]["slippage"] == "0"
    costs = route_costs(route)
    assert [costs.reference, costs.fees, costs.impact, costs.rounding] == [150, 2, 0, 0]
