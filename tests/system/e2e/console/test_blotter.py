"""The list of orders: all that are open, counted; found, narrowed down, exported; still while it lives."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.system.e2e.console.made import Made, frame_of, iso, made_order, serve
from tests.system.e2e.console.orders import place
from tests.system.e2e.console.page import Console, OpenConsole
from tests.system.e2e.console.sockets import Wire
from tests.system.e2e.deployed import Deployed

COUNT_WORK = """() => {
  window.work = 0;
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver((changes) => { window.work += changes.length; })
    .observe(document.getElementById("rows"), options);
}"""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(name="filled")
def filled_console(open_console: OpenConsole, deployment: Deployed) -> tuple[Console, list[Made], Wire]:
    """Return a live page of a client with 1,000 made-up orders, the orders, and its socket."""
    console, wire = open_console(deployment), Wire()
    orders = [made_order(number) for number in range(1, 1001)]
    for number, order in enumerate(orders):
        order["clientOrderId"] = ("dca", "hedge")[number % 2]
        if number % 10 == 0:
            order |= {"status": "failed", "error": {"code": "venue_unavailable", "message": "no venue"}}
        if number % 4 == 0:
            order |= {"tokenIn": "RAY"}
    serve(console.page, orders)
    console.tap(wire)
    console.enter(deployment.new_key())
    return console, orders, wire


def load_all(console: Console) -> None:
    older = console.page.get_by_role("button", name="Load older")
    while older.is_enabled():
        before = console.listed.inner_text()
        older.click()
        expect(console.listed).not_to_have_text(before)
        expect(console.listed).not_to_have_text("Loading…")


# --- what is open ------------------------------------------------------------------------------------


def test_all_orders_that_wait_are_listed_at_once_and_counted(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, key = open_console(deployment), deployment.new_key(orders_per_minute=6)
    console.enter(key)
    console.page.get_by_role("button", name="Open").click()
    # Ten start at once, then one every ten seconds.
    placed = place(deployment, key, 39)
    expect(console.listed).to_have_text(re.compile(r"^2[6-9] open orders$"))
    expect(console.page.locator("#open-count")).to_have_text(re.compile(r"^2[5-9]$"))
    assert set(console.all_rows()) >= set(placed[-23:])
    expect(console.page.locator("#queue-words")).to_contain_text(
        re.compile(r"^2\d orders wait for a slot: the next starts in \d+ s, the last in \d+ ")
    )
    expect(console.rows.first.locator(".what small")).to_contain_text("starts ")
    console.page.reload()
    console.wait_until_live()
    console.page.get_by_role("button", name="Open").click()
    expect(console.listed).to_have_text(re.compile(r"^2\d open orders$"))
    assert set(console.all_rows()) >= set(placed[-20:])


def test_what_ended_while_the_line_was_down_is_open_no_more(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, wire = open_console(deployment), Wire()
    orders = [made_order(number, status="pending") for number in range(1, 131)]
    serve(console.page, orders)
    console.tap(wire)
    console.enter(deployment.new_key())
    console.page.get_by_role("button", name="Open").click()
    expect(console.listed).to_have_text("130 open orders")
    wire.cut()
    for order in orders[:100]:
        order |= {"status": "confirmed", "seq": 6}
    wire.mend()
    console.wait_until_live()
    expect(console.listed).to_have_text("30 open orders")
    # What waits is not subscribed to: the stream will say.
    assert [frame for frame in wire.sent if frame["action"] == "subscribe"] == []


# --- finding -----------------------------------------------------------------------------------------


def test_footers_say_how_many_of_how_many(filled: tuple[Console, list[Made], Wire]) -> None:
    console, orders, _ = filled
    page = console.page
    expect(console.listed).to_have_text("25 orders; older ones are not loaded")
    page.get_by_label("Search the orders").fill("hedge")
    expect(console.listed).to_have_text("13 of 25 orders shown; older ones are not loaded")
    load_all(console)
    expect(console.listed).to_have_text("500 of 1,000 orders shown")
    page.get_by_label("Pair").select_option("RAY → USDC")
    expect(console.listed).to_have_text("0 of 1,000 orders shown")
    expect(page.locator("#none")).to_have_text("None of 1,000 orders match.")
    page.get_by_role("button", name="Clear filters").click()
    expect(console.listed).to_have_text("1,000 orders")
    page.get_by_label("Label", exact=True).select_option("dca")
    expect(console.listed).to_have_text("500 of 1,000 orders shown")
    page.get_by_role("button", name="Failed").click()
    expect(console.listed).to_contain_text(" failed orders shown")
    page.get_by_role("button", name="Clear filters").click()
    load_all(console)
    expect(console.listed).to_have_text("100 failed orders")
    page.get_by_label("Search the orders").fill(str(orders[900]["orderId"]))
    expect(console.listed).to_have_text("1 of 100 failed orders shown")
    assert console.all_rows() == [orders[900]["orderId"]]


def test_a_time_is_loaded_as_far_as_it_goes(open_console: OpenConsole, deployment: Deployed) -> None:
    console, now = open_console(deployment), datetime.now(UTC)
    ages = [timedelta(minutes=minutes) for minutes in range(1, 200)]
    made = [made_order(200 - n, createdAt=iso(now - age)) for n, age in enumerate(ages)]
    serve(console.page, made)
    console.enter(deployment.new_key())
    console.page.get_by_label("Time").select_option("Last hour")
    expect(console.listed).to_have_text("59 of 125 orders shown")


# --- still and light ---------------------------------------------------------------------------------


def test_no_row_moves_and_a_thousand_are_as_light_as_ten(
    filled: tuple[Console, list[Made], Wire],
) -> None:
    console, orders, wire = filled
    page = console.page
    # Under the pointer.
    target = console.row(str(orders[-3]["orderId"]))
    target.hover()
    before = target.bounding_box()
    for number in range(3):
        wire.push(frame_of(made_order(2000 + number, status="pending")))
    expect(console.listed).to_contain_text("3 new, listed when the pointer leaves")
    page.evaluate(FRAMES)
    assert target.bounding_box() == before
    page.mouse.move(5, 5)
    expect(console.listed).to_have_text("28 orders; older ones are not loaded")
    expect(console.rows.first.locator(".status")).to_have_text("Pending")
    # One order changes, then one that nobody sees.
    load_all(console)
    page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = 0; }")
    expect(page.get_by_role("table", name="Orders")).to_have_attribute("aria-rowcount", "1004")
    assert console.rows.count() <= 40
    expect(console.rows.first).to_have_attribute("aria-rowindex", "2")
    page.evaluate(COUNT_WORK)
    wire.push(frame_of(orders[-1], seq=2, status="failed", error={"code": "x", "message": "changed"}))
    expect(console.row(str(orders[-1]["orderId"])).locator(".what small")).to_contain_text("changed")
    page.evaluate(FRAMES)
    assert 0 < page.evaluate("window.work") <= 15
    page.evaluate("window.work = 0")
    wire.push(frame_of(orders[0], seq=2, status="failed"))
    page.evaluate(FRAMES)
    assert page.evaluate("window.work") == 0
    # A new order moves the rows in view, and no others.
    wire.push(frame_of(made_order(2003, status="pending")))
    expect(console.listed).to_have_text("1,004 orders")
    page.evaluate(FRAMES)
    assert page.evaluate("window.work") <= 3 * 40
    # What one has scrolled to stays.
    page.locator(".scroll").evaluate("scroll => { scroll.scrollTop = 30_000; }")
    row = console.row(str(orders[495]["orderId"]))
    expect(row).to_be_visible()
    before = row.bounding_box()
    for number in range(5):
        wire.push(frame_of(made_order(2004 + number, status="pending")))
    expect(console.listed).to_have_text("1,009 orders")
    page.evaluate(FRAMES)
    assert row.bounding_box() == before
    assert console.shifts() == []


def test_the_stages_have_headings_at_every_width(open_console: OpenConsole, deployment: Deployed) -> None:
    console = open_console(deployment)
    serve(console.page, [made_order(1)])
    console.enter(deployment.new_key())
    heads = console.page.get_by_role("columnheader").filter(has_text="Queue").locator("b")
    rail = console.rows.first.locator(".rail span")
    for width in (1600, 1024, 390):
        console.show("dark", width)
        for head, part in zip(heads.all(), rail.all(), strict=True):
            expect(head).to_be_visible()
            head_box, part_box = head.bounding_box(), part.bounding_box()
            assert head_box is not None
            assert part_box is not None
            assert abs(head_box["x"] - part_box["x"]) < 3
        assert console.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- taking it away ----------------------------------------------------------------------------------


def test_what_is_listed_is_exported_and_no_cell_is_a_formula(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console = open_console(deployment)
    labels = ["=1+1", "@x", "+1", "-1", 'quote " and, comma', "plain", "漢字 é"]
    made = [made_order(n, clientOrderId=label) for n, label in enumerate(labels, start=1)]
    made.append(made_order(99, tokenIn="RAY", clientOrderId="another pair"))
    made[5]["fill"] = {"amountIn": "6", "amountOut": "900.5"}
    serve(console.page, made)
    console.enter(deployment.new_key())
    console.page.get_by_label("Pair").select_option("SOL → USDC")
    expect(console.listed).to_have_text("7 of 8 orders shown")
    with console.page.expect_download() as download:
        console.page.get_by_role("button", name="Export CSV").click()
    assert re.fullmatch(r"dexec-orders-[\dT-]+\.csv", download.value.suggested_filename)
    text = download.value.path().read_bytes().decode()
    assert text.count("\r\n") == 8
    rows = list(csv.DictReader(io.StringIO(text)))
    shown = ["'=1+1", "'@x", "'+1", "'-1", 'quote " and, comma', "plain", "漢字 é"]
    assert [row["clientOrderId"] for row in rows] == shown[::-1]
    assert (rows[1]["amountIn"], rows[1]["amountOut"]) == ("6", "900.5")
    assert console.complaints == []
