"""The console's quote: what is shown is what is executed, or nothing is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.console.quotes import OF_THE_TICKET, QUOTES, change_impact, change_route
from tests.system.e2e.deployed import Deployed

ORDERS = "**/api/orders/execute"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TYPING_MS = 300
"""After which a pause in typing is one: the page waits 220 ms."""


@pytest.fixture(name="timed")
def console_with_a_clock(open_console: OpenConsole, deployment: Deployed) -> Console:
    """Return a live page whose clock stands until the test advances it: what is said for a moment stays."""
    console = open_console(deployment, has_clock=True)
    console.set_clock(NOON)
    console.page.clock.pause_at(NOON + timedelta(seconds=1))
    console.enter(deployment.new_key())
    return console


def type_and_wait(timed: Console, amount: str) -> None:
    """Type an amount, and let the time pass after which it is quoted."""
    timed.page.get_by_label("You pay", exact=True).fill(amount)
    timed.page.clock.run_for(TYPING_MS)
    expect(timed.page.locator("#preview")).to_have_attribute("data-state", "fresh")


def sent_by(console: Console) -> Any:
    """Execute, and return the body that is sent."""
    with console.page.expect_request(ORDERS) as sent:
        console.execute()
    return json.loads(sent.value.post_data or "")


def shown_amount(console: Console, selector: str) -> str:
    return console.page.locator(selector).inner_text().split()[0].replace(",", "")


def test_enter_before_the_quote_is_there_sends_nothing_and_says_why(console: Console) -> None:
    page, held, sent = console.page, list[Route](), list[str]()
    is_held = True

    def hold(route: Route) -> None:
        if is_held:
            held.append(route)
        else:
            route.continue_()

    page.route(QUOTES, hold)
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    amount = page.get_by_label("You pay", exact=True)
    amount.fill("1")
    expect(console.reason).to_have_text("Waiting for the quote.")
    expect(console.submit).to_be_disabled()
    amount.press("Enter")
    expect(console.reason).to_have_text("Not sent. Waiting for the quote.")
    # Not unrouted: that lets go of what is held, too.
    is_held = False
    for route in held:
        route.continue_()
    expect(console.submit).to_be_enabled()
    expect(console.reason).to_be_empty()
    assert sent == []
    amount.press("Enter")
    expect(console.reason).to_contain_text("1 of 1 accepted")
    assert len(sent) == 1


def test_the_limit_that_is_shown_is_part_of_the_order(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    page = console.page
    page.get_by_text("Label and deadline").click()
    page.get_by_label("Deadline, seconds").fill("60")
    console.type_amount("1.5")
    expect(page.locator("#caution")).to_contain_text("Slippage is measured from this quote")
    body = sent_by(console)
    assert body["minAmountOut"] == shown_amount(console, "#limit")
    assert body["deadline"] == 60
    expect(console.reason).to_contain_text("1 of 1 accepted")
    page.get_by_label("You receive", exact=True).fill("150.25")
    expect(page.locator("#limit-term")).to_have_text("Most paid")
    expect(console.submit).to_be_enabled()
    body = sent_by(console)
    assert body["maxAmountIn"] == shown_amount(console, "#limit")
    assert "minAmountOut" not in body
    expect(console.reason).to_contain_text("1 of 1 accepted")
    with deployment.client(api_key) as client:
        bought, sold = client.get("api/orders").json()["orders"]
    assert bought["maxAmountIn"] == body["maxAmountIn"]
    assert Decimal(sold["minAmountOut"]) > 0


def test_a_quote_renews_itself_for_as_long_as_it_is_looked_at(timed: Console) -> None:
    page, asked = timed.page, list[str]()
    page.on("request", lambda request: asked.append(request.url) if "slippageBps" in request.url else None)
    type_and_wait(timed, "1")
    expect(timed.submit).to_be_enabled()
    first = [url for url in asked if "amount=1&" in url]
    with page.expect_response(OF_THE_TICKET):
        page.clock.fast_forward(5_000)
    expect(timed.submit).to_be_enabled()
    assert len(first) == 1
    with page.expect_response(OF_THE_TICKET):
        page.clock.fast_forward(601_000)
    # One that failed on a busy machine is asked for again within a second.
    page.clock.run_for(1_500)
    expect(page.locator("#preview")).to_have_attribute("data-state", "fresh")
    before = len(asked)
    page.clock.fast_forward(30_000)
    expect(timed.reason).to_have_text("The quote is too old: refresh it to go on.")
    expect(timed.submit).to_be_disabled()
    assert len(asked) == before
    page.get_by_role("button", name="Refresh").click()
    page.clock.run_for(1)
    expect(timed.submit).to_be_enabled()


def test_a_quote_that_cannot_be_renewed_is_not_executed_until_it_is(timed: Console) -> None:
    page, sent, held = timed.page, list[str](), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    type_and_wait(timed, "1")
    page.route(QUOTES, lambda route: route.abort("connectionrefused"))
    page.clock.fast_forward(5_000)
    page.clock.fast_forward(6_000)
    expect(page.locator("#preview-age")).to_contain_text("Stale, trying again in")
    expect(timed.submit).to_be_disabled()
    expect(timed.reason).to_contain_text("The quote is too old: The server did not answer")
    page.get_by_label("You pay", exact=True).press("Enter")
    expect(timed.reason).to_contain_text("Not sent.")
    page.unroute(QUOTES)
    page.clock.fast_forward(20_000)
    expect(timed.submit).to_be_enabled()
    # Why not is said when it becomes known.
    page.route(QUOTES, hold)
    page.clock.fast_forward(5_000)
    page.clock.fast_forward(6_000)
    expect(timed.reason).to_have_text("The quote is too old: getting a new one.")
    for route in held:
        route.abort("connectionrefused")
    expect(timed.reason).to_contain_text("The quote is too old: The server did not answer")
    assert sent == []


def test_a_first_quote_that_fails_is_asked_for_again(console: Console) -> None:
    page = console.page
    page.route(QUOTES, lambda route: route.fulfill(status=404, json={"message": "Not Found"}))
    page.get_by_label("You pay", exact=True).fill("1")
    expect(page.locator("#preview-age")).to_contain_text("No quote, trying again in")
    expect(console.reason).to_contain_text("No quote: The server answered 404. Trying again.")
    expect(console.submit).to_be_disabled()
    page.unroute(QUOTES)
    expect(console.submit).to_be_enabled()


def test_an_order_that_was_not_answered_goes_out_again_as_it_was(timed: Console) -> None:
    page, bodies, limit = timed.page, list[str](), timed.page.locator("#limit")
    with page.expect_response(OF_THE_TICKET) as answered:
        type_and_wait(timed, "1")

    def lose(route: Route) -> None:
        bodies.append(route.request.post_data or "")
        route.fulfill(status=504, json={"message": "Endpoint request timed out"})

    page.route(ORDERS, lose)
    first = shown_amount(timed, "#limit")
    timed.execute()
    for tries in range(2, 5):
        expect(timed.reason).to_contain_text(f"({tries} of 4)")
        page.clock.fast_forward(4_000)
        expect(page.locator("#preview")).to_have_attribute("data-state", "fresh")
    expect(timed.reason).to_contain_text("Trying again is safe: no order is executed twice.")
    change_route(timed, answered.value.json(), minAmountOut="1.25", amountOut="1.26")
    page.clock.fast_forward(5_000)
    expect(page.locator("#rate")).to_contain_text("1 SOL = 1.26 USDC")
    assert shown_amount(timed, "#limit") == first
    expect(page.locator("#caution")).to_contain_text("that of the order that was not answered")
    page.unroute(ORDERS)
    bodies.append(json.dumps(sent_by(timed), separators=(",", ":")))
    assert len(bodies) == 5
    assert len(set(bodies)) == 1
    expect(timed.reason).to_contain_text("1 of 1 accepted")
    expect(limit).to_have_text("1.25 USDC")


def test_an_order_whose_page_is_reloaded_before_its_answer_goes_out_under_its_key(console: Console) -> None:
    page, held = console.page, list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route(ORDERS, hold)
    for _ in range(2):
        page.get_by_label("You pay", exact=True).fill("1")
        expect(console.submit).to_be_enabled()
        with page.expect_request(ORDERS):
            console.execute()
        page.reload()
    page.unroute(ORDERS)
    page.get_by_label("You pay", exact=True).fill("1")
    expect(console.submit).to_be_enabled()
    with page.expect_request(ORDERS) as sent:
        console.execute()
    expect(console.reason).to_contain_text("1 of 1 accepted")
    keys = {request.headers["idempotency-key"] for request in (*(one.request for one in held), sent.value)}
    assert len(held) == 2
    assert len(keys) == 1
    with page.expect_request(ORDERS) as another:
        console.execute()
    assert another.value.headers["idempotency-key"] not in keys


def test_a_price_impact_is_warned_of_and_over_five_percent_wants_a_second_act(timed: Console) -> None:
    page, caution = timed.page, timed.page.locator("#caution")
    accept = page.get_by_role("checkbox")
    with page.expect_response(OF_THE_TICKET) as answered:
        type_and_wait(timed, "1")
    answer = answered.value.json()
    change_impact(timed, answer, "1")
    type_and_wait(timed, "1.5")
    expect(page.locator("#price-impact")).to_have_text("1.00 %")
    expect(caution).not_to_contain_text("impact")
    change_impact(timed, answer, "1.01")
    type_and_wait(timed, "2")
    expect(caution).to_have_text("The price impact is 1.01 %: smaller orders get a better price.")
    expect(timed.submit).to_be_enabled()
    expect(accept).to_be_hidden()
    change_impact(timed, answer, "5.01")
    type_and_wait(timed, "3")
    expect(caution).to_contain_text("High price impact: the order's own size costs 5.01 %.")
    expect(timed.submit).to_be_disabled()
    expect(timed.reason).to_have_text("Agree to the price impact first.")
    page.get_by_label("Execute at a price impact of up to 5.1 %").check()
    expect(timed.submit).to_be_enabled()
    change_impact(timed, answer, "5.09")
    page.clock.fast_forward(5_000)
    expect(page.locator("#price-impact")).to_have_text("5.09 %")
    expect(timed.submit).to_be_enabled()
    change_impact(timed, answer, "5.11")
    page.clock.fast_forward(5_000)
    expect(page.get_by_label("Execute at a price impact of up to 5.2 %")).not_to_be_checked()
    expect(timed.submit).to_be_disabled()
    accept.check()
    type_and_wait(timed, "4")
    expect(accept).not_to_be_checked()
    expect(timed.submit).to_be_disabled()


def test_more_than_the_balance_is_refused_and_an_unusual_slippage_is_warned_of(console: Console) -> None:
    page, caution, sent = console.page, console.page.locator("#caution"), list[str]()
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("You receive", exact=True).fill("1999999.5")
    expect(page.locator("#error-amountIn")).to_have_text(
        re.compile(r"^Insufficient balance: needs [\d,.]+ SOL, has 10,000$")
    )
    expect(console.submit).to_be_disabled()
    console.type_amount("2001")
    page.get_by_role("button", name="Run 5 at once").click()
    expect(console.reason).to_have_text("Insufficient balance: needs 10,005 SOL, has 10,000, for 5 orders.")
    assert sent == []
    slippage = page.get_by_label("Slippage limit, %")
    console.type_amount("1")
    for percent, words in (
        ("5", "Slippage is measured from this quote"),
        ("5.01", "High slippage limit: a price up to 5.01 % worse than quoted is accepted."),
        ("0.04", "Low slippage limit: the order fails once the price moves by 0.04 % against it."),
        ("0", "Low slippage limit: the order fails once the price moves at all against it."),
        ("100", "A slippage limit of 100 % accepts any price."),
    ):
        slippage.fill(percent)
        expect(caution).to_contain_text(words)
    expect(page.locator("#limit")).to_have_text("No minimum")
    expect(console.submit).to_be_enabled()
    assert "minAmountOut" not in sent_by(console)


def test_the_tables_agree_with_the_route(console: Console) -> None:
    page = console.page
    console.choose_token("pay", "JUP")
    console.choose_token("receive", "SOL")
    with page.expect_response(OF_THE_TICKET) as answered:
        page.get_by_label("You pay", exact=True).fill("9500")
    expect(console.submit).to_be_enabled()
    route = answered.value.json()["route"]
    legs, quotes = page.locator("#route table").all()
    rows = [" ".join(text.split()) for text in legs.locator("tbody tr").all_inner_texts()]
    assert len(rows) == len(route["legs"]) >= 2
    for leg in route["legs"]:
        path = f"Hop {leg['hop']}: {leg['tokenIn']} → {leg['tokenOut']}"
        rate = Decimal(leg["amountOut"]) / Decimal(leg["amountIn"])
        (row,) = [row for row in rows if path in row and leg["venue"].title() in row]
        assert f"{rate:.9f}"[:6] in row, row
        assert row.count("%") == 3
        assert "-" not in row
    pools = {leg["pool"] for leg in route["legs"]}
    taken = {quote["venue"].title() for quote in route["quotes"] if quote["pool"] in pools}
    marked = quotes.locator("tr.used th").all_inner_texts()
    assert {text.split()[0] for text in marked} == taken
    rate = Decimal(route["amountOut"]) / Decimal(route["amountIn"])
    expect(page.locator("#rate")).to_contain_text(f"1 JUP = {rate:.9f}"[:14])
    page.locator("#rate").click()
    expect(page.locator("#rate")).to_contain_text(f"1 SOL = {1 / rate:.9f}"[:12])


def test_the_page_says_how_far_the_paper_venues_lie_apart(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    expect(console.page.locator("#market")).to_contain_text("2 to 5 % apart by design")
    with deployment.client(api_key) as client:
        config = client.get("api/config").json()
    assert config["paperSpread"] == "default"
    console.page.route("**/api/config*", lambda route: route.fulfill(json=config | {"paperSpread": "tight"}))
    console.page.reload()
    console.wait_until_live()
    expect(console.page.locator("#market")).to_be_empty()
