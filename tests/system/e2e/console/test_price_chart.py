"""The price chart: ticks, quotes, prices that orders wait for, a trail; in figures for who cannot see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.system.e2e.console.made import Made, iso, serve
from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.console.waiting import UNIT, waiting_order
from tests.system.e2e.deployed import Deployed

TRAIL: Made = {"orderType": "trailingStop", "triggerPrice": None, "trailingBps": 300}


def ticks(prices: list[str]) -> list[Made]:
    """Return a tick a second, the last one just now."""
    now = datetime.now(UTC)
    count = len(prices)
    return [
        {"slot": 100 + place, "at": iso(now - timedelta(seconds=count - place)), "price": price, "mid": price}
        for place, price in enumerate(prices)
    ]


@pytest.fixture(name="charted")
def console_with_prices(open_console: OpenConsole, deployment: Deployed) -> tuple[Console, list[Made]]:
    """Return a page of a client with a stop and a trail, whose pair ticks from 148 to 152; and its orders."""
    console = open_console(deployment, has_clock=True)
    console.set_clock()
    market = {"price": "150", "slot": 9, "at": "2026-01-01T00:00:00.000Z", "stopPrice": "147.44"}
    orders = [waiting_order(1, triggerPrice="145"), waiting_order(2, **TRAIL, market=market)]
    serve(console.page, orders)
    answer = {"tokenIn": "SOL", "tokenOut": "USDC", "priceUnit": UNIT}
    points = ticks(["148", "152", "150"])
    console.page.route("**/api/prices*", lambda route: route.fulfill(json={**answer, "points": points}))
    console.enter(deployment.new_key())
    return console, orders


def test_it_draws_ticks_lines_a_trail_that_moves_and_what_would_be_placed(
    charted: tuple[Console, list[Made]],
) -> None:
    console, orders = charted
    page = console.page
    chart = page.locator("#price svg")
    expect(page.locator("#price-title")).to_have_text("SOL in USDC")
    expect(page.locator("#price-words")).to_have_text(
        "150 USDC per SOL, between 148 and 152. Waiting: trailing stop 147.44, stop 145."
    )
    expect(chart).to_have_attribute("aria-label", page.locator("#price-words").inner_text())
    expect(chart.locator("text[data-kind]")).to_have_text(["Trailing stop 147.44", "Stop 145"])
    expect(chart.locator(".trail")).to_have_count(1)
    orders[1]["market"] = {"price": "152.5", "slot": 10, "at": "2026-01-01", "stopPrice": "147.925"}
    page.clock.fast_forward(3_000)
    expect(chart.locator("text[data-kind]").first).to_have_text("Trailing stop 147.925")
    steps = chart.locator(".trail").get_attribute("d")
    assert steps is not None
    assert steps.count("V") == 1, "the trail's stop rose once"
    # What the ticket would place is shown, too.
    page.get_by_role("radio", name="Limit", exact=True).check()
    page.locator("#at-limit").fill("151.5")
    expect(page.locator("#price .draft")).to_have_count(1)
    expect(page.locator("#price")).to_contain_text("This limit 151.5, not placed")
    page.get_by_text("In figures").click()
    rows = page.locator("#price-rows tr")
    expect(rows.filter(has_text="This limit (not placed)")).to_contain_text("151.5")
    expect(rows.filter(has_text="Stop")).not_to_have_count(0)
    page.get_by_role("button", name="30 min").click()
    expect(page.get_by_role("button", name="30 min")).to_have_attribute("aria-pressed", "true")
    assert console.shifts() == []


def test_without_ticks_quotes_are_drawn(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    answer = {"tokenIn": "SOL", "tokenOut": "USDC", "priceUnit": UNIT, "points": []}
    console.page.route("**/api/prices*", lambda route: route.fulfill(json=answer))
    console.enter(deployment.new_key())
    expect(console.page.locator("#price-words")).to_contain_text("No prices yet")
    console.type_amount("1")
    expect(console.page.locator("#price svg")).to_be_visible()
    expect(console.page.locator("#price-words")).to_contain_text(UNIT)
    assert console.complaints == []
