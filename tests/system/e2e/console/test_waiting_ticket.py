"""The ticket's types of orders: what is sent, what it says first, and what it refuses to send."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.console.quotes import QUOTES, serve_prices
from tests.system.e2e.deployed import Deployed

SENT = "**/api/orders/execute"


@pytest.fixture(name="ticket")
def console_at_150(open_console: OpenConsole, deployment: Deployed) -> tuple[Console, list[Any]]:
    """Return a page whose market stands at 150 USDC per SOL, and the bodies that it sends."""
    console, bodies = open_console(deployment), list[Any]()
    key = deployment.new_key()
    with deployment.client(key) as client:
        asked = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "2"}
        answer = client.get("api/quotes", params=asked).json()
    serve_prices(console.page)
    console.enter(key)

    def quote(route: Route) -> None:
        query = dict(parse_qsl(urlsplit(route.request.url).query))
        asked = {name: query[name] for name in ("tokenIn", "tokenOut", "mode") if name in query}
        # Of two SOL: sold for half a USDC less than the market gives small ones; bought at the market.
        is_sale = query["tokenIn"] == "SOL"
        amounts = (
            {"amountIn": "2", "amountOut": "299.5"} if is_sale else {"amountIn": "300", "amountOut": "2"}
        )
        limit = {"minAmountOut": "1", "maxAmountIn": "301"}
        costs = {**answer["route"]["costs"], "impact": "0.5" if is_sale else "0", "reference": "300"}
        changed = {**answer["route"], **asked, **amounts, **limit, "costs": costs}
        route.fulfill(json={**answer, **asked, "route": changed})

    def accept(route: Route) -> None:
        bodies.append(json.loads(route.request.post_data or ""))
        route.fulfill(
            status=202, json={"orderId": f"ord_{len(bodies):032x}", "status": "open", "startsAt": None}
        )

    console.page.route(QUOTES, quote)
    console.page.route(SENT, accept)
    return console, bodies


def choose(console: Console, order_type: str) -> None:
    console.page.get_by_role("radio", name=order_type, exact=True).check()


def place(console: Console, bodies: list[Any]) -> Any:
    """Place the order and return the body that was sent."""
    console.page.get_by_role("button", name="Place order").click()
    expect(console.reason).to_contain_text("1 of 1 accepted")
    return bodies[-1]


def test_a_stop_says_what_it_does_and_is_sent_by_side(ticket: tuple[Console, list[Any]]) -> None:
    console, bodies = ticket
    console.type_amount("2")
    console.page.get_by_text("Label and deadline").click()
    console.page.get_by_label("Deadline, seconds").fill("60")
    choose(console, "Stop")
    expect(console.reason).to_have_text("Enter a stop price.")
    console.page.get_by_label("Stop price", exact=True).first.fill("140")
    expect(console.page.locator("#says")).to_have_text(
        "Sell 2 SOL when the price falls to 140 USDC per SOL, at the market then."
    )
    console.page.get_by_label("Limit once stopped, optional").first.fill("138.5")
    expect(console.page.locator("#says")).to_contain_text("at 138.5 USDC per SOL or better")
    body = place(console, bodies)
    assert {name: body[name] for name in ("side", "baseAsset", "quoteAsset", "amount")} == {
        "side": "sell",
        "baseAsset": "SOL",
        "quoteAsset": "USDC",
        "amount": "2",
    }
    assert (body["orderType"], body["triggerPrice"], body["limitPrice"]) == ("stop", "140", "138.5")
    assert {"minAmountOut", "priceUnit", "exit", "tokenIn", "mode", "deadline"}.isdisjoint(body)


def test_prices_on_the_wrong_side_are_refused_and_presets_are_of_now(
    ticket: tuple[Console, list[Any]],
) -> None:
    console, bodies = ticket
    page = console.page
    console.type_amount("2")
    choose(console, "Stop")
    page.locator("#at-trigger").fill("160")
    expect(page.locator("#error-at-trigger")).to_have_text("The stop must be below the market, now at 150.")
    expect(page.get_by_role("button", name="Place order")).to_be_disabled()
    choose(console, "OCO")
    page.locator("#at-trigger").fill("140")
    page.locator("#at-profit").fill("139")
    expect(page.locator("#error-at-profit")).to_have_text("The take profit must be above the stop at 140.")
    page.locator("#at-profit").fill("170")
    expect(page.get_by_role("button", name="Place order")).to_be_enabled()
    choose(console, "Limit")
    for nothing in ("", "far"):
        page.locator("#at-limit").fill(nothing)
        expect(page.locator("#caution")).not_to_contain_text("The market is there already")
    page.locator("#at-limit").fill("149")
    expect(page.locator("#caution")).to_contain_text("The market is there already, at 150: it executes")
    page.get_by_text("Take profit and stop loss").click()
    # What was sold is bought back: cheaper is the profit.
    page.locator("#exit-profit").fill("160")
    expect(page.locator("#error-exit-profit")).to_have_text("The take profit must be below the entry at 149.")
    assert bodies == []
    # Presets follow the market and the side.
    choose(console, "OCO")
    page.locator("#at-profit-field").get_by_role("button", name="+5 %").click()
    expect(page.locator("#at-profit")).to_have_value("157.5")
    page.locator("#at-trigger-field").get_by_role("button", name="−2 %").click()
    expect(page.locator("#at-trigger")).to_have_value("147")
    page.locator("#at-trail").fill("2")
    expect(page.locator("#at-trigger")).to_have_value("")
    page.get_by_role("button", name="Prices in USDC per SOL").click()
    expect(page.locator("#at-profit")).to_have_value(re.compile(r"^0\.0063492063492\d*$"))
    expect(page.locator("#at-profit-field").get_by_role("button")).to_have_text(["−1 %", "−2 %", "−5 %"])


def test_an_oco_and_a_trail(ticket: tuple[Console, list[Any]]) -> None:
    console, bodies = ticket
    page = console.page
    console.type_amount("2")
    choose(console, "OCO")
    page.locator("#at-profit").fill("170")
    page.locator("#at-trigger").fill("140")
    expect(page.locator("#says")).to_have_text(
        "Sell 2 SOL at 170 USDC per SOL or better, or when the price falls to 140 USDC per SOL, at the "
        "market then: whichever comes first."
    )
    body = place(console, bodies)
    assert body["takeProfit"] == {"limitPrice": "170"}
    assert body["stopLoss"] == {"triggerPrice": "140"}
    choose(console, "Trailing")
    page.locator("#at-trail").fill("2.5")
    expect(page.locator("#says")).to_contain_text("when the price has fallen 2.5 % from its highest")
    page.get_by_text("Label, expiry and more").click()
    page.get_by_label("Expires").select_option("In 24 hours")
    page.get_by_label("Once due").select_option("Try once (IOC)")
    page.get_by_label("Stops look at").select_option("The mid price")
    page.get_by_label("Ticks to confirm a stop").fill("3")
    body = place(console, bodies)
    terms = ("orderType", "trailingBps", "timeInForce", "triggerPriceType", "confirmTicks")
    assert [body[name] for name in terms] == ["trailingStop", 250, "ioc", "mid", 3]
    in_a_day = datetime.now(UTC) + timedelta(days=1)
    assert abs(datetime.fromisoformat(body["expiresAt"]) - in_a_day) < timedelta(minutes=2)


def test_a_buy_in_the_unit_that_is_shown(ticket: tuple[Console, list[Any]]) -> None:
    """What is paid is fixed, so the price is turned round, against the market by its last digit."""
    console, bodies = ticket
    page = console.page
    page.get_by_role("button", name="Swap the two tokens").click()
    console.type_amount("300")
    choose(console, "Limit")
    page.locator("#at-limit").fill("140")
    expect(page.locator("#says")).to_have_text("Buy SOL with 300 USDC at 140 USDC per SOL or better.")
    body = place(console, bodies)
    assert (body["side"], body["baseAsset"], body["quoteAsset"]) == ("sell", "USDC", "SOL")
    assert body["limitPrice"] == "0.00714285714285715"
    page.get_by_text("Take profit and stop loss").click()
    page.locator("#exit-profit").fill("170")
    page.locator("#exit-trigger").fill("130")
    expect(page.locator("#says")).to_contain_text(
        "Then sell what it got at 170 USDC per SOL or better, or when the price falls to 130 USDC per SOL"
    )
    body = place(console, bodies)
    assert (body["tokenIn"], body["tokenOut"], body["mode"]) == ("USDC", "SOL", "exactIn")
    assert body["takeProfit"] == {"limitPrice": "170"}
    assert body["stopLoss"] == {"triggerPrice": "130"}


def test_a_market_order_with_its_exit(ticket: tuple[Console, list[Any]]) -> None:
    console, bodies = ticket
    page = console.page
    page.get_by_role("button", name="Swap the two tokens").click()
    page.get_by_label("You receive", exact=True).fill("2")
    expect(page.locator("#preview")).to_have_attribute("data-state", "fresh")
    page.get_by_text("Take profit and stop loss").click()
    page.locator("#exit-trail").fill("3")
    expect(page.locator("#says")).to_contain_text("Buy 2 SOL at the market, now. Then sell what it got when")
    console.execute()
    expect(console.reason).to_contain_text("1 of 1 accepted")
    body = bodies[-1]
    assert (body["side"], body["baseAsset"], body["amount"]) == ("buy", "SOL", "2")
    assert body["stopLoss"] == {"trailingBps": 300}
    assert "maxAmountIn" in body
    assert "takeProfit" not in body


def test_what_the_api_refuses_is_said_at_the_field(ticket: tuple[Console, list[Any]]) -> None:
    console, _ = ticket
    page = console.page
    errors = [{"field": "stopLoss.triggerPrice", "message": "is through the market"}]
    page.route(SENT, lambda route: route.fulfill(status=422, json={"detail": "no", "errors": errors}))
    console.type_amount("2")
    page.get_by_text("Take profit and stop loss").click()
    page.locator("#exit-trigger").fill("170")
    console.execute()
    expect(page.locator("#error-exit-trigger")).to_have_text("is through the market")
    page.locator("#exit-trigger").fill("171")
    expect(page.locator("#error-exit-trigger")).to_be_empty()
