"""An order that waits, from the console to the engine and back: nothing is made up here."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.deployed import Deployed


def place_bracket(console: Console) -> None:
    """Place a limit buy of SOL 5 % below the market, with a take profit and a stop around it."""
    page = console.page
    page.get_by_role("button", name="Swap the two tokens").click()
    console.type_amount("300")
    page.get_by_role("radio", name="Limit", exact=True).check()
    page.locator("#at-limit-field").get_by_role("button", name="−5 %").click()
    page.get_by_text("Take profit and stop loss").click()
    page.locator("#exit-profit-field").get_by_role("button", name="+5 %").click()
    page.locator("#exit-trail").fill("10")
    page.get_by_role("button", name="Place order").click()
    expect(console.reason).to_contain_text("1 of 1 accepted")


def test_a_bracket_is_placed_amended_and_cancelled(open_console: OpenConsole, deployment: Deployed) -> None:
    console, key = open_console(deployment), deployment.new_key()
    page = console.page
    console.enter(key)
    place_bracket(console)
    entry = page.locator("#waiting-list > li")
    expect(entry).to_contain_text(re.compile(r"now [\d.]+, [\d.]+ % away"))
    expect(entry.locator("li .tag")).to_have_text("OCO · Held")
    with deployment.client(key) as client:
        # The two are of one millisecond: neither is the newer.
        orders = client.get("api/orders", params={"status": "active"}).json()["orders"]
        placed, exit_ = sorted(orders, key=lambda order: str(order["orderType"]))
        points = client.get("api/prices", params={"tokenIn": "USDC", "tokenOut": "SOL"}).json()["points"]
    assert (placed["orderType"], placed["exitId"]) == ("limit", exit_["orderId"])
    assert (exit_["priceUnit"], exit_["stopLoss"]["trailingBps"]) == ("USDC per SOL", 1000)
    assert points
    expect(page.locator("#price-words")).to_contain_text("Waiting: ")
    entry.locator("li").get_by_role("button", name="Amend").click()
    entry.get_by_label("Trail, %").fill("12")
    entry.get_by_role("button", name="Save").click()
    expect(entry.locator("li")).to_contain_text("Trail 12 %")
    entry.locator(":scope > .chips").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel order").click()
    expect(entry.locator(".tag")).to_have_text(["Limit · Cancelled", "OCO · Cancelled"])
    assert console.shifts() == []
    assert console.complaints == []
