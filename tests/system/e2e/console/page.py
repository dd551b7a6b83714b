"""The console as its user sees it: what can be read on the page and done with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    expect,
)

from tests.system.e2e.console.sockets import Wire

DURATION = re.compile(r"^\d+(\.\d+)? (ms|s)$")

# Other work may share the machine: only what never comes is a failure.
expect.set_options(timeout=20_000)

BUSY = "the server responded with a status of 503"
"""What Chromium notes when a request found the deployment busy; the page has to go on all the same."""

# Collects what Chromium counts as unexpected movement: shifts without input shortly before. What moves while
# the document itself still comes in, piece by piece on a busy machine, is not the page's doing.
COUNT_SHIFTS = """
window.shifts = [];
let parsedAt = Infinity;
document.addEventListener("readystatechange", () => { parsedAt = Math.min(parsedAt, performance.now()); });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput && entry.startTime > parsedAt) {
      const box = ({ x, y, width, height }) => `${x},${y},${width}x${height}`;
      const moved = entry.sources.map((source) =>
        `${source.node?.outerHTML?.slice(0, 80)} ${box(source.previousRect)} -> ${box(source.currentRect)}`);
      window.shifts.push(...moved);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""


RECORD = """node => {
  window.recorded = [];
  new MutationObserver(() => window.recorded.push(node.textContent)).observe(node, { childList: true });
}"""


SCROLL_THROUGH = """async () => {
  const scroll = document.querySelector(".scroll");
  const found = new Set();
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (scroll.scrollTop = 0; ; scroll.scrollTop += scroll.clientHeight / 2) {
    await frame();
    for (const row of scroll.querySelectorAll(".row")) found.add(row.dataset.id);
    if (scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 1) return [...found];
  }
}"""


@dataclass
class Console:
    """One tab; ``complaints`` are errors on the page's console and requests to other hosts."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    is_tapped: bool = False

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", self._failed)
        self.page.on("request", self._asked)

    def ignore_page(self) -> None:
        """Listen to the page no more."""
        self.page.remove_listener("console", self._said)
        self.page.remove_listener("pageerror", self._failed)
        self.page.remove_listener("request", self._asked)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error" and BUSY not in said.text:
            self.complaints.append(said.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.url):
            self.complaints.append(request.url)

    def tap(self, wire: Wire) -> None:
        """Take over the page's sockets; before it opens any."""
        self.is_tapped = True
        self.page.route_web_socket("**/*", wire.connected)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def show(self, theme: str, width: int) -> None:
        """Make the page ``width`` pixels wide, and prefer this colour scheme."""
        self.page.set_viewport_size({"width": width, "height": 1000 if width > 1000 else 1180})
        self.page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="null")

    def set_clock(self, time: datetime | None = None) -> None:
        """Have the page's clock go on, from this time or from now, before the page opens."""
        self.page.clock.resume()
        self.page.clock.install(time=time)

    def open(self) -> None:
        self.page.goto(self.url)

    def enter(self, api_key: str) -> None:
        """Open the page, give the key when asked for it, and wait until it is live."""
        self.open()
        self.page.get_by_label("Key", exact=True).fill(api_key)
        self.page.get_by_role("button", name="Continue").click()
        self.wait_until_live()

    def wait_until_live(self) -> None:
        expect(self.page.locator("#link")).to_have_text("Live")

    def type_amount(self, amount: str) -> None:
        self.page.get_by_label("You pay", exact=True).fill(amount)
        expect(self.page.locator("#preview")).to_have_attribute("data-state", "fresh")

    def choose_token(self, side: str, symbol: str) -> None:
        """Choose the token to "pay" or to "receive", by its symbol."""
        self.page.get_by_role("button", name=f"Token you {side}").click()
        search = self.page.get_by_role("dialog", name="Token").get_by_role("combobox")
        search.fill(symbol)
        search.press("Enter")
        expect(self.page.get_by_role("button", name=f"Token you {side}")).to_have_text(symbol)

    @property
    def submit(self) -> Locator:
        return self.page.get_by_role("button", name="Execute order")

    def execute(self) -> None:
        self.submit.click()

    @property
    def rows(self) -> Locator:
        """All rows that are shown, newest first."""
        return self.page.locator(".row:not([hidden])")

    @property
    def listed(self) -> Locator:
        """What the list's footer says: how many orders there are, and how many are shown."""
        return self.page.locator("#shown")

    def all_rows(self) -> list[str]:
        """Return the ids of all orders that are listed, scrolling through them: few are in the document."""
        ids: list[str] = self.page.evaluate(SCROLL_THROUGH)
        return ids

    def row(self, order_id: str) -> Locator:
        return self.page.locator(f'.row[data-id="{order_id}"]')

    @property
    def reason(self) -> Locator:
        """What is said below the buttons."""
        return self.page.locator("#reason")

    @property
    def notice(self) -> Locator:
        return self.page.locator("#notice")

    def record(self, node: Locator) -> None:
        """Keep each text of a node from now on: some stand for a moment only."""
        node.evaluate(RECORD)

    def wait_for_recorded(self, text: str) -> None:
        """Wait until a text that holds this one was recorded."""
        recorded = "text => window.recorded.some((one) => one.includes(text))"
        self.page.wait_for_function(recorded, arg=text)

    @property
    def detail(self) -> Locator:
        return self.page.get_by_role("dialog").filter(has=self.page.get_by_role("button", name="Close"))

    def step_times(self, row: Locator) -> list[str]:
        """Return the times that a row's rail shows."""
        return [text for text in row.locator(".rail small").all_inner_texts() if text]

    def timeline(self) -> list[str]:
        """Return the statuses on the open order's timeline, in order."""
        return self.detail.locator("li b").all_inner_texts()

    def shifts(self) -> list[str]:
        """Return what has moved so far without having been asked to, and from where to where."""
        moved: list[str] = self.page.evaluate("window.shifts")
        return moved


Findings = Callable[[Console], list[str]]
"""Says what axe-core finds wrong with a page."""
OpenConsole = Callable[..., Console]
"""Opens a tab on a deployment, of a ``theme`` and ``width``; ``has_clock``: the test sets its clock."""


class Tabs:
    """The tabs of one browser session. One that was used is used again: a new one costs twice as much."""

    def __init__(self, browser: Browser) -> None:
        self._session = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        self._session.set_default_timeout(20_000)
        self._session.new_page()  # Stays: with its last page, a session's process ends.
        self._idle: list[Page] = []

    def take(self, url: str, theme: str, width: int) -> Console:
        """Return an empty tab, ``width`` pixels wide, that prefers this colour scheme."""
        page = self._idle.pop() if self._idle else self._new_page()
        console = Console(page, url)
        console.show(theme, width)
        return console

    def give_back(self, console: Console) -> None:
        """Empty a tab; one whose sockets were taken over is closed, for they stay so."""
        page = console.page
        console.ignore_page()
        if console.is_tapped:
            page.close()
            return
        page.unroute_all(behavior="ignoreErrors")
        page.evaluate(
            "location.protocol === 'about:' || [localStorage, sessionStorage].forEach((one) => one.clear())"
        )
        page.mouse.move(0, 0)
        page.goto("about:blank")
        self._idle.append(page)

    def _new_page(self) -> Page:
        page = self._session.new_page()
        page.add_init_script(COUNT_SHIFTS)
        return page
