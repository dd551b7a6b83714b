"""The console's orders: live, complete after whatever happens to the connection, and page by page."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
from playwright.sync_api import Route, expect

from tests.system.e2e.console.orders import CLEAN_RUN, place, wait_until_over
from tests.system.e2e.console.page import OpenConsole
from tests.system.e2e.console.sockets import Frame, Wire
from tests.system.e2e.deployed import Deployed

PING_EVERY_MS = 60_000
PONG_WITHIN_MS = 10_000
OPEN_WITHIN_MS = 10_000


def test_a_dropped_socket(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key, wire = open_console(deployment), deployment.new_key(), Wire()
    console.tap(wire)
    console.enter(api_key)
    wire.cut()
    expect(console.page.locator("#link")).to_have_text("Reconnecting")
    expect(console.notice).to_contain_text("connection dropped")
    [missed] = place(deployment, api_key)
    wait_until_over(deployment, api_key, [missed])
    expect(console.rows).to_have_count(0)
    wire.mend()
    console.wait_until_live()
    expect(console.notice).to_have_text("Connected again, and caught up.")
    expect(console.row(missed).locator(".status")).to_have_text("Confirmed")
    expect(console.notice).to_be_empty()


def test_what_happened_while_away_is_read_until_it_is_there(
    open_console: OpenConsole, congested: Deployed
) -> None:
    console, api_key, wire = open_console(congested), congested.new_key(), Wire()
    refused: list[str] = []

    def refuse(route: Route) -> None:
        asked = urlsplit(route.request.url)
        refused.append(asked.path.rpartition("/")[2])
        if refused.count(refused[-1]) <= 2:
            route.fulfill(status=503, json={"detail": "The store does not answer."})
        elif refused[-1] == "orders" and "status=active" not in asked.query:
            # It is not on the newest page.
            route.fulfill(json={"orders": [], "nextCursor": None})
        else:
            route.fallback()

    console.tap(wire)
    console.enter(api_key)
    [ends_meanwhile] = place(congested, api_key)
    expect(console.row(ends_meanwhile)).to_be_visible()
    wire.cut()
    wait_until_over(congested, api_key, [ends_meanwhile])
    console.page.route("**/api/orders?*", refuse)
    console.page.route("**/api/orders/ord_*", refuse)
    wire.mend()
    expect(console.notice).to_have_text("The store does not answer. Trying again.")
    expect(console.notice).to_have_text("Connected again, and caught up.")
    assert refused.count("orders") > 2
    expect(console.row(ends_meanwhile).locator(".status")).to_have_text("Confirmed")
    assert refused.count(ends_meanwhile) > 2


def test_a_connection_that_the_server_forgot(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key = open_console(deployment, has_clock=True), deployment.new_key()
    console.set_clock()
    console.enter(api_key)
    with psycopg.connect(deployment.database_url) as database:
        forgotten = database.execute("DELETE FROM connections WHERE client_id = %s", [api_key])
        assert forgotten.rowcount == 1
    [missed] = place(deployment, api_key)
    console.record(console.notice)
    console.page.clock.fast_forward(PING_EVERY_MS)
    console.wait_for_recorded("The server no longer knew the live connection")
    console.wait_until_live()
    expect(console.row(missed).locator(".status")).to_have_text("Confirmed")
    [heard] = place(deployment, api_key)
    expect(console.row(heard).locator(".status")).to_have_text("Confirmed")


def test_a_ping_without_an_answer(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key = open_console(deployment, has_clock=True), deployment.new_key()
    is_deaf = False
    wire = Wire(lambda _: 0 if is_deaf else 1)
    console.tap(wire)
    console.set_clock()
    console.enter(api_key)
    is_deaf = True
    console.page.clock.fast_forward(PING_EVERY_MS)
    expect(console.page.locator("#link")).to_have_text("Live")
    console.record(console.notice)
    console.page.clock.fast_forward(PONG_WITHIN_MS)
    console.wait_for_recorded("The live connection did not answer")
    is_deaf = False
    console.wait_until_live()
    [heard] = place(deployment, api_key)
    expect(console.row(heard).locator(".status")).to_have_text("Confirmed")
    assert len(wire.sockets) == 2


def test_a_socket_that_does_not_open(open_console: OpenConsole, deployment: Deployed) -> None:
    console, wire = open_console(deployment, has_clock=True), Wire()
    page, link = console.page, console.page.locator("#link")
    console.tap(wire)
    console.set_clock()
    console.enter(deployment.new_key())
    page.evaluate("() => { window.real = WebSocket; window.WebSocket = class { close() {} }; }")
    wire.sockets[0].close(code=1012)
    expect(link).to_have_text("Reconnecting")
    page.clock.fast_forward(1_000)
    expect(link).to_have_text("Connecting")
    page.evaluate("() => { window.WebSocket = window.real; }")
    console.record(console.notice)
    page.clock.fast_forward(OPEN_WITHIN_MS)
    console.wait_for_recorded("The live connection did not open")
    page.clock.fast_forward(1_000)
    console.wait_until_live()


def test_frames_that_are_lost_or_come_twice(open_console: OpenConsole, congested: Deployed) -> None:
    console, api_key = open_console(congested), congested.new_key()
    lost: list[Frame] = []

    def deliver(frame: Frame) -> int:
        if frame["type"] == "status" and not lost:
            lost.append(frame)
            return 0
        return 2

    wire = Wire(deliver)
    console.tap(wire)
    console.enter(api_key)
    [order_id] = place(congested, api_key)
    expect(console.row(order_id).locator(".status")).to_have_text("Confirmed", timeout=20_000)
    console.row(order_id).click()
    expect(console.detail.locator("li")).to_have_count(6)
    assert console.timeline() == CLEAN_RUN
    assert {"action": "subscribe", "orderId": order_id, "afterSeq": 0} in wire.sent


def test_a_reload_in_mid_flight(open_console: OpenConsole, congested: Deployed) -> None:
    console = open_console(congested)
    console.enter(congested.new_key())
    console.type_amount("1")
    console.execute()
    row = console.rows.first
    expect(row.locator(".status")).to_have_text("Submitted")
    row.click()
    console.page.reload()
    console.wait_until_live()
    expect(console.detail.locator(".headline")).to_contain_text("Confirmed")
    assert console.timeline() == CLEAN_RUN
    console.page.keyboard.press("Escape")
    expect(console.rows).to_have_count(1)
    assert len(console.step_times(row)) == 4


def test_an_order_that_fails(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.enter(api_key)
    [failed] = place(deployment, api_key, amount="20000", clientOrderId="too much")
    expect(console.row(failed).locator(".status")).to_have_text("Failed")
    expect(console.row(failed).locator(".what")).to_contain_text("too much")
    place(deployment, api_key)
    expect(console.rows.first.locator(".status")).to_have_text("Confirmed")
    console.page.get_by_role("button", name="Failed").click()
    expect(console.rows).to_have_count(1)
    console.row(failed).click()
    expect(console.detail.locator("li").last).to_contain_text("Insufficient balance: needs 20000 SOL")


def test_history_comes_page_by_page(open_console: OpenConsole, deployment: Deployed) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    label = "<img src=x onerror=alert(1)>"
    placed = [*place(deployment, api_key, clientOrderId=label), *place(deployment, api_key, 27)]
    wait_until_over(deployment, api_key, placed)
    console.enter(api_key)
    expect(console.listed).to_have_text("25 orders; older ones are not loaded")
    console.page.get_by_role("button", name="Load older").click()
    expect(console.listed).to_have_text("28 orders")
    expect(console.page.get_by_role("button", name="Load older")).to_be_disabled()
    assert console.all_rows() == sorted(placed, reverse=True)
    expect(console.rows.last.locator(".what small")).to_have_text(label)
    expect(console.page.locator("main img")).to_have_count(0)
    console.rows.last.click()
    expect(console.detail).to_contain_text(label)
    assert console.complaints == []
