"""Quotes that the page gets, changed on their way."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page

from tests.system.e2e.console.page import Console

QUOTES = "**/api/quotes*"
OF_THE_TICKET = re.compile(r"/api/quotes\?.*slippageBps=")
"""The portfolio asks for quotes, too, at times of its own."""


def change_route(console: Console, answer: dict[str, Any], **fields: object) -> None:
    """Answer every quote from now on with this one, changed in its route."""
    changed = {**answer, "route": {**answer["route"], **fields}}
    console.page.unroute(QUOTES)
    console.page.route(QUOTES, lambda route: route.fulfill(json=changed))


def change_impact(console: Console, answer: dict[str, Any], percent: str) -> None:
    """Answer every quote from now on with this one, at another price impact."""
    costs = {**answer["route"]["costs"], "reference": "100", "impact": percent}
    change_route(console, answer, costs=costs)


def serve_prices(page: Page) -> None:
    """Answer the chart's reads: nothing ticks."""
    answer = {"tokenIn": "SOL", "tokenOut": "USDC", "priceUnit": "USDC per SOL", "points": []}
    page.route("**/api/prices*", lambda route: route.fulfill(json=answer))
