"""What stands around the console's orders: retry, explanation, portfolio, latencies, keys, theme."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.soak import SOAK
from tests.system.e2e.console.made import made_order, serve
from tests.system.e2e.console.orders import place, wait_until_over
from tests.system.e2e.console.page import Console, Findings, OpenConsole
from tests.system.e2e.deployed import Deployed

FAILED = {"status": "failed", "error": {"code": "venue_unavailable", "message": "no venue answered"}}


# --- retry -------------------------------------------------------------------------------------------


def test_a_failed_order_is_placed_again_after_asking(open_console: OpenConsole, deployment: Deployed) -> None:
    console, key = open_console(deployment), deployment.new_key()
    fields = {"slippageBps": 70, "clientOrderId": "again", "minAmountOut": "1.5", "deadline": 60}
    failed = made_order(1, amount="2", **FAILED, **fields)
    answer = json.dumps(answer_to(failed))
    console.page.route("**/api/orders/ord_0*", lambda route: route.fulfill(body=answer))
    console.page.route("**/api/orders?*", lambda route: route.fulfill(body=page_of(failed)))
    console.enter(key)
    console.rows.first.click()
    console.detail.get_by_role("button", name="Try again").click()
    asked = console.page.get_by_role("dialog", name="Place this order again?")
    expect(asked).to_contain_text("sell exactly 2 SOL for USDC")
    expect(asked).to_contain_text("no venue answered")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_be_hidden()
    console.detail.get_by_role("button", name="Try again").click()
    with console.page.expect_request("**/api/orders/execute") as sent:
        asked.get_by_role("button", name="Place order").click()
    body = json.loads(sent.value.post_data or "")
    names = ("tokenIn", "tokenOut", "amount", "mode", "slippageBps", "minAmountOut", "deadline")
    assert {name: body[name] for name in names} == {name: failed[name] for name in names}
    assert "again" in body.values()
    expect(console.page.locator(".row.fresh button")).to_be_focused()
    expect(console.detail).to_be_hidden()
    with deployment.client(key) as client:
        orders = client.get("api/orders").json()["orders"]
    assert [order["clientOrderId"] for order in orders] == ["again"]
    expect(console.row(orders[0]["orderId"]).locator(".status")).to_have_text("Confirmed")
    assert console.complaints == []


def answer_to(order: dict[str, object]) -> dict[str, object]:
    event = {"seq": 1, "status": "failed", "attempt": 1, "at": order["createdAt"], "error": order["error"]}
    return {**order, "explanation": None, "events": [event]}


def page_of(order: dict[str, object]) -> str:
    return json.dumps({"orders": [order], "nextCursor": None})


def test_a_retry_whose_answer_is_lost_keeps_its_key(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    serve(console.page, [made_order(1, **FAILED)])
    console.enter(deployment.new_key())
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fulfill(status=500 if len(keys) < 2 else 422, json={"detail": "not now"})

    console.page.route("**/api/orders/execute", lose)
    console.rows.first.click()
    console.detail.get_by_role("button", name="Try again").click()
    button = console.page.get_by_role("button", name="Place order")
    for tries in (1, 2):
        button.click()
        expect(console.page.locator("#retry-says")).to_contain_text("not now")
        expect(button).to_be_enabled()
        assert len(keys) == tries
    assert len(set(keys)) == 1, "one question, one order"
    console.page.get_by_role("button", name="Cancel", exact=True).click()
    console.detail.get_by_role("button", name="Try again").click()
    button.click()
    expect(console.page.locator("#retry-says")).to_have_text("not now")
    assert len(set(keys)) == 2, "asked anew, another order"


# --- how long it took --------------------------------------------------------------------------------


def test_latencies_tell_waiting_from_executing(open_console: OpenConsole, deployment: Deployed) -> None:
    console, key = open_console(deployment), deployment.new_key(orders_per_minute=60)
    placed = place(deployment, key, 13)
    wait_until_over(deployment, key, placed)
    console.enter(key)
    note = console.page.locator("#latency")
    expect(console.page.locator("#latency-note")).to_contain_text("13 orders: median")
    expect(note.get_by_role("img", name=re.compile("^Waiting: median .*95 % within [1-9]"))).to_be_visible()
    expect(note.get_by_role("img", name=re.compile("^Executing: median"))).to_be_visible()
    # The last waited for its slot for seconds; executing took none of them as long.
    widest = note.locator("svg").evaluate_all("all => all.map((one) => one.lastElementChild.textContent)")
    assert len(widest) == 2


# --- what it cost, and what one owns -----------------------------------------------------------------


def test_what_an_order_cost_is_shown_and_what_one_has_valued(console: Console, deployment: Deployed) -> None:
    page = console.page
    holdings = page.get_by_role("region", name="Portfolio")
    expect(holdings.get_by_role("row")).to_have_count(7)
    expect(holdings.get_by_role("row", name=re.compile(r"^SOL 10,000 [\d,]+\.\d\d$"))).to_be_visible()
    values = holdings.locator("tbody td:nth-child(3)")
    # Prices come token by token.
    expect(values).to_have_text([re.compile(r"\d")] * 6)
    worth = page.locator("#worth").inner_text()
    total = sum(float(value.replace(",", "")) for value in values.all_inner_texts())
    assert float(worth.removesuffix(" USDC").replace(",", "")) == pytest.approx(total, abs=0.1)
    expect(page.locator("#pnl")).to_have_text("+0.00 USDC")
    console.type_amount("500")
    console.execute()
    expect(console.rows.first.locator(".status")).to_have_text("Confirmed")
    expect(holdings.get_by_role("row", name=re.compile("^SOL 9,500 "))).to_be_visible()
    expect(page.locator("#pnl")).not_to_have_text("+0.00 USDC")
    assert console.shifts() == []
    order_id = console.rows.first.get_attribute("data-id")
    console.rows.first.click()
    table = console.detail.locator(".waterfall")
    expect(table.get_by_role("row")).to_have_count(6)
    key = page.evaluate("sessionStorage.getItem('dexec.key')")
    with deployment.client(key) as client:
        explanation = client.get(f"api/orders/{order_id}").json()["explanation"]
    shown = [float(text.replace("−", "-")) for text in table.locator("td:nth-child(3)").all_inner_texts()]
    expected = [float(part["bps"]) for part in (*explanation["parts"], explanation["total"])]
    assert shown == pytest.approx(expected, abs=0.01)
    assert sum(shown[:-1]) == pytest.approx(shown[-1], abs=0.05)
    bars = table.locator("i").evaluate_all("all => all.map((bar) => bar.getBoundingClientRect().toJSON())")
    assert bars[0]["width"] > 2
    assert bars[-1]["left"] == pytest.approx(bars[0]["left"], abs=2), "the sum begins where the first does"
    page.keyboard.press("Escape")
    expect(page.locator("#pnl-parts")).to_contain_text(" by trades, ")
    begun = page.locator("#pnl-parts").inner_text().split(", ")[-1]
    assert begun.startswith("since ")
    page.reload()
    console.wait_until_live()
    # A reload goes on with the session; what it has made by prices may have changed its sign meanwhile.
    expect(page.locator("#pnl-parts")).to_contain_text(begun)
    expect(page.locator("#pnl-parts")).not_to_contain_text("+0.00 by trades")
    assert console.shifts() == []
    assert console.complaints == []


# --- keys and theme ----------------------------------------------------------------------------------


def test_keys_do_what_the_help_says(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    serve(console.page, [made_order(n) for n in range(1, 5)])
    console.enter(deployment.new_key())
    page, keyboard = console.page, console.page.keyboard
    keyboard.press("?")
    helped = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(helped).to_be_visible()
    assert helped.locator("kbd").all_inner_texts() == [*"n/123456wjket?", "Enter", "Esc"]
    keyboard.press("2")
    expect(page.locator('#filters [value="all"]')).to_have_attribute("aria-pressed", "true")
    keyboard.press("Escape")
    keyboard.press("4")
    expect(page.locator('#filters [value="failed"]')).to_have_attribute("aria-pressed", "true")
    keyboard.press("1")
    expect(console.rows).to_have_count(4)
    keyboard.press("j")
    expect(console.rows.nth(0).get_by_role("button")).to_be_focused()
    keyboard.press("j")
    expect(console.rows.nth(1).get_by_role("button")).to_be_focused()
    keyboard.press("k")
    expect(console.rows.nth(0).get_by_role("button")).to_be_focused()
    keyboard.press("/")
    expect(page.get_by_label("Search the orders")).to_be_focused()
    keyboard.type("14?")
    expect(page.get_by_label("Search the orders")).to_have_value("14?")
    expect(helped).to_be_hidden()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    helped.get_by_label("Single keys are shortcuts").uncheck()
    helped.get_by_role("button", name="Close").click()
    page.locator("h1").click()
    keyboard.press("4")
    expect(page.locator('#filters [value="all"]')).to_have_attribute("aria-pressed", "true")


def test_the_theme_is_chosen_and_remembered(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment, "dark")
    console.enter(deployment.new_key())
    page = console.page
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Theme: system").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    console.wait_until_live()
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Theme: light").click()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Theme: dark").click()
    expect(page.get_by_role("button", name="Theme: system")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


def test_an_address_leads_to_a_row(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    made = [made_order(n) for n in range(1, 26)]
    serve(console.page, made)
    console.enter(deployment.new_key())
    console.page.get_by_label("Search the orders").fill("nothing like it")
    expect(console.rows).to_have_count(0)
    console.page.evaluate(f"location.hash = '{made[1]['orderId']}'")
    row = console.row(str(made[1]["orderId"]))
    expect(row).to_be_in_viewport()
    expect(row.get_by_role("button")).to_be_focused()


VIEWS = [("dark", 1600), ("light", 390), *((("light", 1024), ("dark", 390)) if SOAK else ())]


def test_every_dialog_is_accessible_and_nothing_moves(
    open_console: OpenConsole, deployment: Deployed, findings: Findings
) -> None:
    console = open_console(deployment, *VIEWS[0])
    page = console.page
    made = [made_order(n) for n in range(1, 30)]
    made += [made_order(30, **FAILED), made_order(31, status="pending", startsAt="2100-01-01T00:00:00.000Z")]
    serve(page, made)
    console.enter(deployment.new_key())
    for view in VIEWS:
        console.show(*view)
        expect(page.locator("#pnl")).not_to_be_empty()
        page.get_by_label("Search the orders").fill("sol")
        assert findings(console) == []
        page.get_by_role("button", name="Keyboard shortcuts").click()
        assert findings(console) == []
        page.keyboard.press("Escape")
        console.row(str(made[-2]["orderId"])).click()
        console.detail.get_by_role("button", name="Try again").click()
        assert findings(console) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.keyboard.press("Escape")
    assert console.shifts() == []
    assert console.complaints == []
