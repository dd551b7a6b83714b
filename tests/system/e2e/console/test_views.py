"""The console as a page: small, strict, accessible, still, in both themes and at every width."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.local.home import PROJECT
from tests.support.soak import SOAK
from tests.system.e2e.console.orders import place, wait_until_over
from tests.system.e2e.console.page import Console, Findings, OpenConsole
from tests.system.e2e.console.quotes import OF_THE_TICKET, QUOTES, change_impact, change_route
from tests.system.e2e.deployed import Deployed

FILES = PROJECT / "functions" / "http_api" / "console"
TRANSFERRED_KB, UNPACKED_KB = 64, 180
"""The page budget: its document, scripts, styles and icon together."""

COMMENTS = ("//", "/**", "* ", "*/")
"""How lines of the scripts begin that are not sent."""

INPUT_MS = 600
"""For half a second after an input, whatever moves counts as its effect."""

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
MOVED_BY_WHAT_FOLLOWS = """() => {
  const parts = [...document.querySelector("main").children], moved = [];
  const place = ({x, y, width}) => `${x},${y},${width}`;
  const now = () => parts.map((part) => place(part.getBoundingClientRect()));
  const whole = now();
  for (let here = parts.length - 1; here > 0; here--) {
    parts[here].remove();
    now().slice(0, here).forEach((at, n) => at === whole[n] || moved.push(parts[n].outerHTML));
  }
  document.querySelector("main").append(...parts);
  return moved;
}"""
"""Takes the page's parts away, the last first, as they come one by one while the page loads."""

LOADED_ANEW = """performance.getEntriesByType("resource")
  .filter(({ name, transferSize }) => name.includes("/console/") && transferSize > 0)
  .map(({ name }) => name)"""

ALL_VIEWS = [(theme, width) for theme in ("dark", "light") for width in (1600, 820, 390)]
VIEWS = ALL_VIEWS if SOAK else ALL_VIEWS[::2]
"""Each theme and each width; both themes at every width with ``DEXEC_SOAK=1`` (``make soak``)."""


def test_the_page_is_small_strict_and_served_whole(deployment: Deployed) -> None:
    size = transferred = 0
    with deployment.client() as client:
        (folder,) = set(re.findall(r'="(console/\w+/)', client.get("").text))
        for file in FILES.iterdir():
            path = "" if file.name == "index.html" else f"{folder}{file.name}"
            answer = client.get(path, headers={"x-api-key": ""})
            assert answer.status_code == 200, file.name
            assert answer.text.replace(folder, "console/").split("\n") == list(sent_lines(file))
            is_kept = "immutable" in answer.headers["cache-control"]
            assert is_kept == bool(path), "the page itself is asked for anew"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert not {"ws:", "wss:", "*"} & set(policy.replace(";", " ").split())
            assert answer.headers["content-encoding"] == "gzip"
            size += len(answer.content)
            transferred += answer.num_bytes_downloaded
        assert client.get("console/older/main.js").headers["cache-control"] == "no-store"
    print(f"the console: {transferred:,} bytes transferred, {size:,} unpacked")
    assert transferred <= TRANSFERRED_KB * 1000
    assert size <= UNPACKED_KB * 1000
    stated = (PROJECT / "docs" / "console.md").read_text(encoding="utf-8")
    assert f"{TRANSFERRED_KB} kB transferred, {UNPACKED_KB} kB unpacked" in stated
    html = (FILES / "index.html").read_text()
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|(?:src|href)=\"(?:/|\w+:)", html)


def sent_lines(file: Path) -> Iterator[str]:
    """Return what is served of a file: of a script, empty lines in place of comments."""
    for line in file.read_text(encoding="utf-8").split("\n"):
        is_comment = file.suffix == ".js" and line.strip().startswith(COMMENTS)
        yield "" if is_comment else line


def test_the_key_is_asked_for_once_and_stays_in_the_tab(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console, api_key = open_console(deployment), deployment.new_key()
    console.open()
    page = console.page
    key = page.get_by_label("Key", exact=True)
    key.fill("wrong")
    for _ in range(4):
        page.keyboard.press("Escape")
        expect(key).to_be_visible()
    assert page.evaluate("document.querySelector('#gate').matches(':modal')")
    expect(key).to_have_value("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not known here.")
    page.get_by_label("Key", exact=True).fill(api_key)
    page.get_by_role("button", name="Continue").click()
    console.wait_until_live()
    page.reload()
    console.wait_until_live()
    assert page.evaluate(LOADED_ANEW) == [], "a browser keeps the files of the page"
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    other = console.context.new_page()
    other.goto(console.url)
    expect(other.get_by_label("Key", exact=True)).to_be_visible()
    other.close()


def test_less_motion_where_it_is_asked_for(console: Console) -> None:
    console.page.emulate_media(reduced_motion="reduce")
    console.type_amount("1")
    console.execute()
    expect(console.rows).to_have_count(1)
    styles = "row => [getComputedStyle(row).animationName, getComputedStyle(row).transitionDuration]"
    assert console.rows.first.evaluate(styles) == ["none", "0s"]


@pytest.fixture(scope="module", name="trader")
def key_with_history(congested: Deployed) -> str:
    """Return the key of a client that has traded a little, well and badly."""
    api_key = congested.new_key()
    swaps = [("SOL", "USDC", "42"), ("USDC", "SOL", "2500"), ("RAY", "USDC", "730.5"), ("JUP", "SOL", "1900")]
    for label in ("rebalance", "hedge"):
        placed = place(congested, api_key, amount="20000", clientOrderId="treasury")
        for token_in, token_out, amount in swaps:
            fields = {"tokenIn": token_in, "tokenOut": token_out, "amount": amount, "clientOrderId": label}
            placed += place(congested, api_key, 2, **fields)
        wait_until_over(congested, api_key, placed)
    return api_key


@pytest.fixture(name="pictures")
def pictures_folder(tmp_path: Path) -> Path:
    """Return where screenshots go: ``DEXEC_SCREENSHOTS`` where they are wanted, else away."""
    return Path(os.environ.get("DEXEC_SCREENSHOTS", tmp_path))


def test_every_view_is_accessible_and_still(
    open_console: OpenConsole, congested: Deployed, trader: str, findings: Findings, pictures: Path
) -> None:
    console = open_console(congested)
    console.enter(trader)
    page = console.page
    console.choose_token("pay", "JUP")
    console.choose_token("receive", "SOL")
    for theme, width in VIEWS:
        console.show(theme, width)
        console.type_amount("9500")
        expect(page.locator("#impact svg")).to_be_visible()
        page.get_by_role("button", name="Run 5 at once").click()
        expect(console.reason).to_contain_text("5 of 5 accepted")
        expect(console.rows.locator(".status").get_by_text("Submitted").first).to_be_visible()
        page.screenshot(path=pictures / f"console-{theme}-{width}.png", animations="disabled")
        assert findings(console) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        console.rows.nth(6).click()
        expect(console.detail.locator("li")).not_to_have_count(0)
        page.screenshot(path=pictures / f"console-detail-{theme}-{width}.png", animations="disabled")
        assert findings(console) == []
        page.keyboard.press("Escape")
        page.get_by_label("You pay", exact=True).fill("")
    assert console.shifts() == []
    assert console.complaints == []


def test_what_of_the_page_is_still_to_come_moves_nothing_that_is_here(console: Console) -> None:
    for width in (1600, 820, 390):
        console.page.set_viewport_size({"width": width, "height": 1000})
        assert console.page.evaluate(MOVED_BY_WHAT_FOLLOWS) == []


def test_a_narrow_page_is_not_scrolled_sideways(console: Console) -> None:
    for width in (360, 320):
        console.show("dark", width)
        assert console.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_renewed_quote_with_a_longer_route_moves_nothing(
    open_console: OpenConsole, deployment: Deployed
) -> None:
    console = open_console(deployment, "dark", 820, has_clock=True)
    page, legs = console.page, console.page.locator("#route tbody").first.locator("tr")
    console.set_clock()
    console.enter(deployment.new_key())
    with page.expect_response(OF_THE_TICKET) as answered:
        console.type_amount("1")
    answer = answered.value.json()
    for width, times in ((820, 4), (390, 8)):
        console.show("dark", width)
        page.wait_for_timeout(INPUT_MS)
        change_route(console, answer, legs=answer["route"]["legs"] * times)
        page.clock.fast_forward(6_000)
        expect(legs).to_have_count(times * len(answer["route"]["legs"]))
        page.evaluate(FRAMES)
        assert console.shifts() == []


def test_what_the_ticket_warns_of_is_accessible(
    open_console: OpenConsole, deployment: Deployed, findings: Findings
) -> None:
    console = open_console(deployment, width=390, has_clock=True)
    page = console.page

    def found() -> list[str]:
        console.show("light", 390)
        in_light = findings(console)
        console.show("dark", 390)
        return in_light + findings(console)

    console.set_clock()
    console.enter(deployment.new_key())
    page.get_by_role("button", name="Token you receive").click()
    page.get_by_role("dialog", name="Token").get_by_role("combobox").fill("u")
    assert found() == []
    page.keyboard.press("Escape")
    with page.expect_response(OF_THE_TICKET) as answered:
        console.type_amount("1")
    change_impact(console, answered.value.json(), "7")
    page.get_by_label("Slippage limit, %").fill("100")
    expect(page.get_by_role("checkbox")).to_be_visible()
    page.get_by_text("Label and deadline").click()
    assert found() == []
    page.route(QUOTES, lambda route: route.abort())
    page.clock.fast_forward(6_000)
    page.clock.fast_forward(6_000)
    expect(page.locator("#preview-age")).to_contain_text("Stale")
    assert found() == []
