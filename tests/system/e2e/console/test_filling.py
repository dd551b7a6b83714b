"""Filling in the console's ticket, by mouse, keyboard and on a small screen, and seeing what comes of it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.deployed import Deployed

TWENTY_DIGITS = "12345678901.234567891"
COVERS_THE_BUTTON = """toast => {
  const [one, other] = [toast, document.querySelector("#submit")].map((part) => part.getBoundingClientRect());
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}"""


def test_an_amount_of_twenty_digits_can_be_read(console: Console) -> None:
    for width in (1600, 390):
        console.show("dark", width)
        for label in ("You pay", "You receive"):
            amount = console.page.get_by_label(label, exact=True)
            amount.fill(TWENTY_DIGITS)
            box = amount.evaluate(
                "field => [field.scrollWidth - field.clientWidth, getComputedStyle(field).fontSize]"
            )
            assert box[0] <= 0
            assert float(box[1].removesuffix("px")) >= 13
            amount.fill("1")
            assert amount.evaluate("field => getComputedStyle(field).fontSize") == "24px"


def test_usual_limits_tokens_and_turning_round(console: Console) -> None:
    page = console.page
    # The usual slippage limits are a press away.
    field = page.get_by_label("Slippage limit, %")
    usual = page.get_by_role("group", name="Usual slippage limits")
    expect(usual.get_by_role("button", name="0.5", exact=True)).to_have_attribute("aria-pressed", "true")
    console.type_amount("1")
    with page.expect_request(re.compile("slippageBps=100")):
        usual.get_by_role("button", name="1", exact=True).click()
    expect(field).to_have_value("1")
    field.fill("0.10")
    expect(usual.get_by_role("button", name="0.1", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(usual.locator("[aria-pressed=true]")).to_have_count(1)
    # Turning round pays what was received.
    pay, receive = (page.get_by_label(name, exact=True) for name in ("You pay", "You receive"))
    turn = page.get_by_role("button", name="Swap the two tokens")
    console.type_amount("10")
    expect(receive).to_have_value(re.compile(r"^\d+\.\d+$"))
    received = receive.input_value()
    turn.click()
    expect(page.locator("#tokenIn")).to_have_text("USDC")
    expect(page.locator("#tokenOut")).to_have_text("SOL")
    expect(pay).to_have_value(received)
    expect(receive).to_have_value(re.compile(r"^\d+\.\d+$"))
    assert Decimal(receive.input_value()) > 1
    receive.fill("12")
    expect(pay).to_have_value(re.compile(r"^\d+\.\d+$"))
    turn.click()
    expect(pay).to_have_value("12")
    expect(page.locator("#tokenIn")).to_have_text("SOL")
    # A token is found by symbol, name or mint.
    receive, picker = (
        page.get_by_role("button", name="Token you receive"),
        page.get_by_role("dialog", name="Token"),
    )
    search = picker.get_by_role("combobox")
    receive.click()
    expect(picker.get_by_role("option")).to_have_count(6)
    expect(picker.get_by_role("option", selected=True)).to_contain_text("USDC")
    for typed, symbol in (("bon", "BONK"), ("tether", "USDT"), ("JUPyiw", "JUP")):
        search.fill(typed)
        expect(picker.get_by_role("option")).to_have_count(1)
        expect(picker.get_by_role("option")).to_contain_text(symbol)
    search.fill("nothing")
    expect(page.get_by_text("No such token is traded here.")).to_be_visible()
    search.press("Enter")
    expect(search).to_be_visible()
    search.fill("us")
    search.press("ArrowDown")
    active = search.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_contain_text("USDT")
    search.press("Enter")
    expect(receive).to_have_text("USDT")
    expect(receive).to_be_focused()
    receive.click()
    search.press("Escape")
    expect(receive).to_have_text("USDT")
    receive.click()
    page.get_by_role("option", name="SOL").click()
    expect(receive).to_have_text("SOL")
    expect(page.get_by_role("button", name="Token you pay")).to_have_text("USDT")


def test_parts_of_the_balance_are_exact(console: Console) -> None:
    page = console.page
    held = {"symbol": "SOL", "mint": "", "amount": "12345678901.234567891"}
    page.route("**/api/balances*", lambda route: route.fulfill(json={"balances": [held]}))
    page.reload()
    console.wait_until_live()
    for name, amount in (
        ("25 %", "3086419725.308641972"),
        ("50 %", "6172839450.617283945"),
        ("75 %", "9259259175.925925918"),
        ("Max", "12345678901.234567891"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_label("You pay", exact=True)).to_have_value(amount)
        expect(page.locator("#error-amountIn")).to_be_empty()


def test_the_outcome_is_seen_where_one_tapped(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment, width=390)
    console.enter(deployment.new_key())
    page, toast = console.page, console.page.locator(".toast")
    console.type_amount("1.5")
    console.execute()
    expect(toast).to_have_text(re.compile(r"^Confirmed: 1\.5 SOL → [\d.]+ USDC"))
    expect(toast).to_be_in_viewport(ratio=1)
    expect(console.submit).to_be_in_viewport()
    expect(console.rows.first).not_to_be_in_viewport()
    toast.get_by_role("button", name="Show order").click()
    expect(console.rows.first).to_be_in_viewport()
    expect(console.rows.first.locator(".swap")).to_be_focused()
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    page.get_by_role("button", name="Run 5 at once").click()
    expect(toast).to_have_text(re.compile("^5 orders: 5 confirmed"))


@pytest.mark.parametrize("width", [390, 720, 1300])
def test_no_outcome_covers_the_button(open_console: OpenConsole, deployment: Deployed, width: int) -> None:
    console = open_console(deployment, width=width)
    console.enter(deployment.new_key())
    page, toast = console.page, console.page.locator(".toast")
    page.set_viewport_size({"width": width, "height": 560})
    console.type_amount("1.5")
    for is_at_top in (False, True):
        console.submit.evaluate("(button, isAtTop) => button.scrollIntoView(isAtTop)", is_at_top)
        console.execute()
        expect(toast).to_have_text(re.compile("^Confirmed"))
        expect(toast).to_be_in_viewport(ratio=1)
        assert not toast.evaluate(COVERS_THE_BUTTON)
        toast.get_by_role("button", name="Dismiss").click()


def test_an_outcome_that_is_bad_says_why(console: Console) -> None:
    page, toast = console.page, console.page.locator(".toast")
    page.route(
        "**/api/orders/execute",
        lambda route: route.continue_(post_data=impossible(route.request.post_data_json)),
    )
    console.type_amount("1.5")
    console.execute()
    expect(toast).to_have_text(re.compile(r"^Failed: 1\.5 SOL → .*minAmountOut is 100000"))
    expect(toast).to_have_attribute("data-tone", "bad")


def impossible(body: dict[str, object]) -> dict[str, object]:
    """Return an order whose limit no market meets."""
    return body | {"minAmountOut": "100000"}
