"""Waiting orders on the console: listed live, amended and cancelled after asking, brackets as one thing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, expect

from tests.system.e2e.console.made import Made, frame_of, serve
from tests.system.e2e.console.page import Console, Findings, OpenConsole
from tests.system.e2e.console.quotes import serve_prices
from tests.system.e2e.console.sockets import Frame, Wire
from tests.system.e2e.console.waiting import UNIT, Desk, waiting_order
from tests.system.e2e.deployed import Deployed

INPUT_MS = 600
"""For half a second after an input, whatever moves counts as its effect."""

OCO: Made = {
    "orderType": "oco",
    "triggerPrice": None,
    "takeProfit": {"limitPrice": "170"},
    "stopLoss": {"trailingBps": 200},
}


@dataclass
class Trader:
    """A page with waiting orders, the orders, what the API was asked, and the page's socket."""

    console: Console
    desk: Desk
    wire: Wire

    @property
    def page_orders(self) -> list[Made]:
        return self.desk.orders

    def card(self, number: int) -> Locator:
        return self.console.page.locator(f'[data-waits="{self.page_orders[number]["orderId"]}"]')


@pytest.fixture(name="trader")
def trader_with_orders(open_console: OpenConsole, deployment: Deployed) -> Trader:
    """Return a page with a stop, and a limit buy whose exit is held."""
    console = open_console(deployment)
    buy: Made = {"mode": "exactOut", "tokenIn": "USDC", "tokenOut": "SOL", "orderType": "limit"}
    orders = [
        waiting_order(1),
        waiting_order(2, limitPrice="145", triggerPrice=None, exitId=f"ord_{3:032x}", **buy),
        waiting_order(3, status="held", amount="0", entryId=f"ord_{2:032x}", market=None, **OCO),
    ]
    desk, wire = Desk(orders), Wire()
    serve(console.page, orders)
    desk.serve(console.page)
    serve_prices(console.page)
    console.tap(wire)
    console.enter(deployment.new_key())
    expect(console.page.locator("#waiting-count")).to_have_text("3 wait")
    return Trader(console, desk, wire)


def test_what_waits_is_listed_with_its_distance_and_its_exit(trader: Trader) -> None:
    stop, entry, exit_ = (trader.card(number) for number in range(3))
    expect(stop).to_contain_text("Stop 140 USDC per SOL")
    expect(stop).to_contain_text("now 150, 6.66 % away")
    expect(entry.locator(":scope > p").first).to_have_text("Limit 145 USDC per SOL")
    # The same words as in the list of all orders; what an exit trades is known once its entry is filled.
    expect(stop.locator(".swap")).to_have_text(re.compile(r"^[\d.]+ SOL → USDC$"))
    expect(entry.locator(".swap").first).to_have_text(re.compile(r"^USDC → [\d.]+ SOL$"))
    expect(exit_.locator(".swap")).to_have_text("Exit: SOL → USDC")
    # Shown as one thing: the exit lies within its entry.
    expect(entry.locator("[data-waits]")).to_contain_text("Limit 170 or Trail 2 % USDC per SOL")
    expect(exit_).to_contain_text("Waits for its entry to fill.")
    trader.page_orders[0]["market"] = {"price": "145", "slot": 10, "at": "2026-01-01T00:00:01.000Z"}
    expect(stop).to_contain_text("now 145, 3.44 % away")
    entry.locator(".swap").first.click()
    expect(trader.console.detail).to_contain_text("Buy 2 SOL at 145 USDC per SOL or better.")
    expect(trader.console.detail.get_by_role("heading", name="Exit")).to_be_visible()
    trader.console.detail.get_by_role("button", name="Show it").click()
    expect(trader.console.detail).to_contain_text("fallen 2 % from its highest")
    trader.console.page.keyboard.press("Escape")
    # So does one that is heard of by an event, before its entry.
    bought = waiting_order(4, limitPrice="145", triggerPrice=None, orderType="limit", exitId=f"ord_{5:032x}")
    held = waiting_order(5, status="held", amount="0", entryId=f"ord_{4:032x}", market=None, **OCO)
    trader.page_orders.extend([bought, held])
    for order in (held, bought):
        terms = {name: order[name] for name in ("orderType", "priceUnit", "limitPrice") if name in order}
        trader.wire.push(frame_of(order, **terms, takeProfit=order.get("takeProfit")))
    expect(trader.card(3).locator("[data-waits] .tag")).to_have_text("OCO · Held")
    expect(trader.console.page.locator("#waiting-list > li")).to_have_count(3)
    assert trader.console.shifts() == []


def test_an_order_and_then_all_are_cancelled_after_asking(trader: Trader) -> None:
    page, stop = trader.console.page, trader.card(0)
    asked = page.get_by_role("dialog", name="Cancel this order?")
    stop.get_by_role("button", name="Cancel").click()
    expect(asked).to_contain_text("Sell 2 SOL when the price falls to 140 USDC per SOL")
    expect(asked).to_contain_text("Nothing protects the position")
    asked.get_by_role("button", name="No, keep it").click()
    expect(stop.get_by_role("button", name="Cancel")).to_be_focused()
    assert trader.desk.asked == []
    trader.desk.refusal = {"status": 409, "code": "too_late_to_cancel", "detail": "too late"}
    stop.get_by_role("button", name="Cancel").click()
    asked.get_by_role("button", name="Cancel order").click()
    expect(stop.get_by_role("status")).to_contain_text("it has been sent to the chain, and may still fill")
    trader.desk.refusal = None
    stop.get_by_role("button", name="Cancel").click()
    asked.get_by_role("button", name="Cancel order").click()
    expect(stop.locator(".tag")).to_have_text("Stop · Cancelled")
    expect(page.locator("#waiting-count")).to_have_text("2 wait")
    expect(page.locator(".toast")).to_contain_text("Cancelled: 2 SOL")
    page.get_by_role("button", name="Clear ended").click()
    expect(stop).to_have_count(0)
    del trader.page_orders[0], trader.desk.asked[:]
    page.get_by_role("button", name="Cancel all").click()
    page.get_by_role("dialog", name="Cancel all orders?").get_by_role("button", name="Cancel all").click()
    expect(page.locator("#waiting-says")).to_have_text("2 cancelled.")
    expect(page.locator("#waiting-count")).to_contain_text("None.")
    assert trader.desk.asked == [("POST", "cancel", {})]


def test_an_order_is_amended_by_keyboard_and_what_trades_at_once_is_asked_about(trader: Trader) -> None:
    page, entry, exit_ = trader.console.page, trader.card(1), trader.card(2)
    amend = entry.locator(":scope > .chips").get_by_role("button", name="Amend")
    amend.focus()
    page.keyboard.press("Enter")
    expect(entry.get_by_label("Limit price")).to_be_focused()
    page.keyboard.press("Escape")
    expect(amend).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("144.5")
    page.keyboard.press("Enter")
    expect(entry.locator(":scope > p").first).to_have_text("Limit 144.5 USDC per SOL")
    expect(amend).to_be_focused()
    assert trader.desk.asked == [
        ("PATCH", trader.page_orders[1]["orderId"], {"seq": 1, "limitPrice": "144.5"})
    ]
    trader.desk.asked.clear()
    amend.click()
    entry.get_by_label("Limit price").fill("151")
    entry.get_by_role("button", name="Save").click()
    asked = page.get_by_role("dialog", name="Trade at once?")
    expect(asked).to_contain_text(
        "The market is at 150 USDC per SOL: at a limit of 151 the order executes now."
    )
    asked.get_by_role("button", name="No, keep it").click()
    assert trader.desk.asked == []
    entry.get_by_role("button", name="Save").click()
    asked.get_by_role("button", name="Amend and trade").click()
    expect(entry.locator(":scope > p").first).to_have_text("Limit 151 USDC per SOL")
    exit_.get_by_role("button", name="Amend").click()
    exit_.get_by_label("Trail, %").fill("3")
    trader.desk.refusal = {"status": 409, "code": "stale_seq", "detail": "stale"}
    exit_.get_by_role("button", name="Save").click()
    expect(exit_.get_by_role("status")).to_contain_text("It has changed meanwhile")
    assert trader.desk.asked[-1][2] == {"seq": 1, "stopLoss": {"trailingBps": 300}}


def test_what_becomes_of_it_is_told_and_stands_on_its_timeline(trader: Trader) -> None:
    console, stop = trader.console, trader.card(0)
    order_id = str(trader.page_orders[0]["orderId"])
    at = "2026-01-01T00:00:0{}.000Z"

    def push(seq: int, status: str, **fields: object) -> None:
        frame: Frame = {"type": "status", "orderId": order_id, "seq": seq, "status": status, "attempt": 1}
        trader.wire.push({**frame, "at": at.format(seq), **fields})

    console.page.wait_for_timeout(INPUT_MS)
    push(2, "triggered", by="stop", price="139.9", threshold="140", priceType="reference", slot=12)
    expect(console.page.locator(".toast")).to_contain_text("Triggered")
    expect(stop).to_contain_text("Due: it executes now.")
    expect(stop.get_by_role("button", name="Amend")).to_be_disabled()
    push(3, "open", step="released", error={"code": "no_venue", "message": "no venue answered"})
    push(4, "open", step="refused", rule="collarBps", observed="120 bps", allowed="100 bps")
    push(5, "expired", error={"code": "deadline_passed", "message": "its time has passed"})
    expect(stop.locator(".tag")).to_have_text("Stop · Expired")
    assert console.shifts() == []
    stop.locator(".swap").click()
    timeline = console.detail.locator("li")
    expect(timeline).to_have_count(5)
    shown = console.detail.inner_text().split("Raw JSON", 1)[0]
    assert "null" not in shown
    for place, words in enumerate(
        (
            "",
            "By its stop: the price was 139.9 USDC per SOL, at or through 140.",
            "no venue answered",
            "Held back by the risk limit collarBps: 120 bps, allowed 100 bps.",
            "its time has passed",
        )
    ):
        expect(timeline.nth(place)).to_contain_text(words)
    assert console.shifts() == []


def test_a_failed_stop_is_placed_again_as_a_stop(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    error = {"code": "insufficient_funds", "message": "too little"}
    serve(console.page, [waiting_order(1, status="failed", error=error, limitPrice="138", timeInForce="ioc")])
    serve_prices(console.page)
    console.enter(deployment.new_key())
    console.rows.first.click()
    console.detail.get_by_role("button", name="Try again").click()
    asked = console.page.get_by_role("dialog", name="Place this order again?")
    expect(asked).to_contain_text(
        "Sell 2 SOL when the price falls to 140 USDC per SOL, at 138 USDC per SOL or better"
    )
    console.page.route(
        "**/api/orders/execute", lambda route: route.fulfill(status=422, json={"detail": "no"})
    )
    with console.page.expect_request("**/api/orders/execute") as sent:
        asked.get_by_role("button", name="Place order").click()
    body = json.loads(sent.value.post_data or "")
    terms = ("side", "baseAsset", "orderType", "triggerPrice", "limitPrice", "timeInForce")
    assert [body[name] for name in terms] == ["sell", "SOL", "stop", "140", "138", "ioc"]
    assert {"priceUnit", "tokenIn"}.isdisjoint(body)


def test_the_panels_are_accessible_on_a_phone(trader: Trader, findings: Findings) -> None:
    console, page = trader.console, trader.console.page
    console.show("dark", 390)
    console.type_amount("2")
    for order_type in ("Limit", "OCO", "Trailing"):
        page.get_by_role("radio", name=order_type, exact=True).check()
    page.get_by_text("Take profit and stop loss").click()
    page.get_by_text("Label, expiry and more").click()
    trader.card(2).get_by_role("button", name="Amend").click()
    page.get_by_text("In figures").click()
    assert findings(console) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert UNIT in trader.card(2).inner_text()
    assert console.shifts() == []
