"""The console's ticket: what a user does with it, in a real browser against a real deployment."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.system.e2e.console.orders import CLEAN_RUN
from tests.system.e2e.console.page import DURATION, Console, OpenConsole
from tests.system.e2e.deployed import Deployed


def copied(console: Console, what: str) -> str:
    """Press a button that copies; return what is on the clipboard once it has said so."""
    button = console.detail.get_by_role("button", name=f"Copy {what}")
    console.record(button)
    button.click()
    console.wait_for_recorded("Copied")
    return str(console.page.evaluate("navigator.clipboard.readText()"))


def test_an_order_by_mouse(console: Console) -> None:
    page = console.page
    expect(page.get_by_text("Balance 10,000 SOL")).to_be_visible()
    console.type_amount("1.5")
    route = page.locator("#route")
    for venue in ("Raydium", "Meteora"):
        expect(route.get_by_role("rowheader", name=venue).first).to_be_visible()
    expect(route.get_by_role("img", name=re.compile("^Route: "))).not_to_have_count(0)
    expect(page.locator("#limit")).to_have_text(re.compile(r"^[\d.]+ USDC$"))
    expect(page.locator("#fees")).to_have_text(re.compile(r"^[\d.]+ USDC \(\d\.\d\d %\)$"))
    expect(page.get_by_label("You receive", exact=True)).to_have_value(re.compile(r"^\d+\.\d+$"))
    console.execute()
    row = console.rows.first
    expect(row.locator(".status")).to_have_text("Confirmed")
    expect(row.locator(".swap")).to_have_text(re.compile(r"^1\.5 SOL → [\d.]+ USDC$"))
    assert len(console.step_times(row)) == 4
    assert all(DURATION.match(text) for text in console.step_times(row))
    expect(page.get_by_text("Balance 9,998.5 SOL")).to_be_visible()
    row.click()
    expect(console.detail).to_contain_text("Fill against quote")
    expect(console.detail).to_contain_text(re.compile(r"[+-]?\d+(\.\d+)? bps"))
    expect(console.detail.locator("li")).to_have_count(6)
    assert console.timeline() == CLEAN_RUN
    for what, holds in (
        ("order id", f"^{row.get_attribute('data-id')}$"),
        ("signature", r"^[1-9A-HJ-NP-Za-km-z]{80,90}$"),
    ):
        assert re.search(holds, copied(console, what))
    raw = json.loads(copied(console, "raw JSON"))
    assert [event["seq"] for event in raw["events"]] == [1, 2, 3, 4, 5, 6]
    console.detail.get_by_role("button", name="Close").click()
    expect(console.detail).to_be_hidden()
    assert console.complaints == []
    assert console.shifts() == []


def test_an_order_by_keyboard(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    console.open()
    keyboard = console.page.keyboard
    keyboard.type(deployment.new_key())
    keyboard.press("Enter")
    console.wait_until_live()

    def tab_to(selector: str) -> None:
        for _ in range(40):
            if console.page.locator(f"{selector}:focus-visible").count():
                return
            keyboard.press("Tab")
        raise AssertionError(f"the Tab key never reaches {selector}")

    tab_to("#amountIn")
    keyboard.type("2")
    tab_to("#tokenOut")
    keyboard.press("Enter")
    keyboard.type("usdt")
    keyboard.press("Enter")
    expect(console.page.locator("#tokenOut")).to_be_focused()
    expect(console.page.locator("#preview")).to_have_attribute("data-state", "fresh")
    tab_to("#submit")
    keyboard.press("Enter")
    expect(console.rows.first.locator(".status")).to_have_text("Confirmed")
    expect(console.rows.first.locator(".swap")).to_have_text(re.compile(r"^2 SOL → [\d.]+ USDT$"))
    tab_to(".row .swap")
    keyboard.press("Enter")
    expect(console.detail).to_be_visible()
    keyboard.press("Escape")
    expect(console.detail).to_be_hidden()
    expect(console.rows.first.locator(".swap")).to_be_focused()


def test_an_amount_to_receive_and_five_at_once(console: Console) -> None:
    page = console.page
    page.get_by_label("You receive", exact=True).fill("150.25")
    expect(page.get_by_text("Most paid")).to_be_visible()
    expect(page.get_by_label("You pay", exact=True)).to_have_value(re.compile(r"^0?\.?\d+"))
    console.execute()
    expect(console.rows.first.locator(".status")).to_have_text("Confirmed")
    expect(console.rows.first.locator(".swap")).to_have_text(re.compile(r"^[\d.]+ SOL → 150\.25 USDC$"))
    # Five at once, that pay a fixed amount.
    page.get_by_label("You receive", exact=True).fill("")
    console.type_amount("3")
    console.page.get_by_role("button", name="Run 5 at once").click()
    expect(console.reason).to_contain_text("5 of 5 accepted")
    expect(console.rows.locator(".status").get_by_text("Confirmed")).to_have_count(6)
    expect(console.page.locator("#latency-note")).to_contain_text("6 orders: median")
    expect(console.page.locator("#latency rect")).not_to_have_count(0)
    assert len({row.get_attribute("data-id") for row in console.rows.all()}) == 6


def test_what_would_be_refused_cannot_be_sent(console: Console) -> None:
    page = console.page
    submit = page.get_by_role("button", name="Execute order")
    expect(submit).to_be_disabled()
    expect(console.reason).to_have_text("Enter an amount.")
    for amount, fault in (
        ("-1", "Not a number."),
        ("1,5", "Use a point for decimals."),
        ("0.0000000001", "At most 9 decimals."),
        ("0", "More than zero, please."),
        ("10000.5", "Insufficient balance: needs 10,000.5 SOL, has 10,000"),
    ):
        page.get_by_label("You pay", exact=True).fill(amount)
        expect(page.locator("#error-amountIn")).to_have_text(fault)
        expect(page.get_by_label("You pay", exact=True)).to_have_attribute("aria-invalid", "true")
        expect(submit).to_be_disabled()
    console.type_amount("1")
    expect(submit).to_be_enabled()
    page.get_by_label("Slippage limit, %").fill("0.123")
    expect(page.locator("#error-slippageBps")).not_to_be_empty()
    expect(submit).to_be_disabled()
    page.get_by_label("Slippage limit, %").fill("1")
    expect(submit).to_be_enabled()
    page.get_by_text("Label and deadline").click()
    page.get_by_label("Deadline, seconds").fill("0")
    expect(page.locator("#error-deadline")).to_have_text("1 to 86400 whole seconds.")
    expect(submit).to_be_disabled()
    # Nor what the API refused, until it is changed.
    page.get_by_label("Deadline, seconds").fill("")
    console.page.get_by_label("Label, optional").fill("x" * 101)
    console.type_amount("1")
    console.execute()
    expect(console.page.locator("#error-label")).not_to_be_empty()
    expect(console.reason).to_contain_text("clientOrderId")
    expect(console.page.get_by_role("button", name="Execute order")).to_be_disabled()
    expect(console.rows).to_have_count(0)
    console.page.get_by_label("Label, optional").fill("short")
    expect(console.page.locator("#error-label")).to_be_empty()
    expect(console.page.locator("#limit")).to_have_text(re.compile(r"^[\d.]+ USDC$"))
    console.execute()
    expect(console.reason).to_contain_text("1 of 1 accepted")


def test_an_answer_that_is_lost_after_the_order_was_accepted(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        assert answer.status == 202
        if len(keys) == 1:
            route.fulfill(status=502, json={"message": "Internal server error"})
        elif len(keys) == 2:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    console.page.route("**/api/orders/execute", lose)
    console.type_amount("1")
    console.execute()
    expect(console.reason).to_contain_text("Asking again, under the same key (2 of 4)")
    expect(console.reason).to_contain_text("1 of 1 accepted")
    expect(console.rows.locator(".status").get_by_text("Confirmed")).to_have_count(1)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert_one_order(deployment, api_key)


@pytest.mark.parametrize("status", [500, 504])
def test_a_ticket_keeps_its_key(open_console: OpenConsole, deployment: Deployed, status: int) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.fulfill(status=status, json={"message": "of the gateway"})

    console.page.route("**/api/orders/execute", lose)
    console.type_amount("1")
    console.execute()
    expect(console.reason).to_contain_text("Trying again is safe: no order is executed twice.")
    console.page.unroute("**/api/orders/execute")
    with console.page.expect_request("**/api/orders/execute") as sent:
        console.execute()
    assert {*keys, sent.value.headers["idempotency-key"]} == {keys[0]}
    expect(console.reason).to_contain_text("1 of 1 accepted")
    assert_one_order(deployment, api_key)


def test_a_double_click_is_one_order(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    console.type_amount("1")
    console.submit.hover()
    console.page.mouse.down(click_count=1)
    console.page.mouse.up(click_count=1)
    expect(console.reason).to_contain_text("1 of 1 accepted")
    console.page.mouse.down(click_count=2)
    console.page.mouse.up(click_count=2)
    assert_one_order(deployment, api_key)
    five = console.page.get_by_role("button", name="Run 5 at once")
    five.dispatch_event("click", {"detail": 2})
    assert_one_order(deployment, api_key)


@pytest.mark.parametrize("focused", ["#amountIn", "#submit"])
def test_enter_that_is_held_is_one_order(
    open_console: OpenConsole, deployment: Deployed, focused: str
) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    console.type_amount("1")
    console.page.locator(focused).focus()
    console.page.keyboard.down("Enter")
    expect(console.reason).to_contain_text("1 of 1 accepted")
    for _ in range(3):
        console.page.keyboard.down("Enter")
    console.page.keyboard.up("Enter")
    assert_one_order(deployment, api_key)


def assert_one_order(deployment: Deployed, api_key: str) -> None:
    with deployment.client(api_key) as client:
        assert len(client.get("api/orders").json()["orders"]) == 1
