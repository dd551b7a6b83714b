"""The console as its user sees it: what can be read on the page and done with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

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

    def __post_init__(self) -> None:
        self.page.add_init_script(COUNT_SHIFTS)
        self.page.on(
            "console",
            lambda said: self._complain(said.type == "error" and BUSY not in said.text, said.text),
        )
        self.page.on("pageerror", lambda error: self._complain(True, str(error)))
        self.page.on(
            "request", lambda request: self._complain(not request.url.startswith(self.url), request.url)
        )

    def _complain(self, is_bad: bool, text: str) -> None:
        if is_bad:
            self.complaints.append(text)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

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


OpenConsole = Callable[..., Console]
"""Opens a tab on a deployment; ``theme``, ``width`` and ``own_session`` may be given."""


def new_session(browser: Browser, theme: str) -> BrowserContext:
    """Return a browser session that prefers this colour scheme."""
    context = browser.new_context(
        color_scheme="light" if theme == "light" else "dark",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(20_000)
    return context


def new_tab(session: BrowserContext, url: str, width: int) -> Console:
    """Return an empty tab, ``width`` pixels wide."""
    page = session.new_page()
    page.set_viewport_size({"width": width, "height": 1000 if width > 1000 else 1180})
    return Console(page, url)
