"""Orders that wait, made up for the page, and what the API answers about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from playwright.sync_api import Page, Route

from tests.system.e2e.console.made import Made, made_order

UNIT = "USDC per SOL"


def waiting_order(number: int, **fields: object) -> Made:
    """Return an order that waits; a stop at 140 unless other terms are given."""
    terms: Made = {"orderType": "stop", "triggerPrice": "140", "amount": "2", "priceUnit": UNIT}
    now = {"slot": 9, "at": "2026-01-01T00:00:00.000Z", "price": "150", "mid": "150.1", "distanceBps": 666}
    waits: Made = {"status": "open", "startsAt": None, "entryId": None, "exitId": None, "market": now}
    return made_order(number, **{**waits, **terms, **fields})


@dataclass
class Desk:
    """Answers PATCH, DELETE and cancelling all; ``asked`` are the bodies, ``refusal`` a problem instead."""

    orders: list[Made]
    asked: list[tuple[str, str, object]] = field(default_factory=list)
    refusal: Made | None = None

    def serve(self, page: Page) -> None:
        """Answer what changes orders, beside ``made.serve`` and before it."""
        page.route("**/api/orders/ord_*", self._one)
        page.route("**/api/orders/cancel?*", self._all)
        page.route("**/api/orders/cancel", self._all)

    def find(self, order_id: str) -> Made:
        return next(order for order in self.orders if order["orderId"] == order_id)

    def _one(self, route: Route) -> None:
        method, order_id = route.request.method, route.request.url.split("?")[0].rsplit("/", 1)[-1]
        if method == "GET":
            route.fallback()
            return
        body = json.loads(route.request.post_data or "{}")
        self.asked.append((method, order_id, body))
        if self.refusal is not None:
            route.fulfill(status=int(str(self.refusal["status"])), json=self.refusal)
            return
        order = self.find(order_id)
        changed = {"status": "cancelled"} if method == "DELETE" else body
        order |= {**changed, "seq": int(str(order["seq"])) + 1}
        route.fulfill(json=order)

    def _all(self, route: Route) -> None:
        self.asked.append(("POST", "cancel", json.loads(route.request.post_data or "{}")))
        for order in self.orders:
            order |= {"status": "cancelled", "seq": int(str(order["seq"])) + 1}
        route.fulfill(json={"cancelled": [order["orderId"] for order in self.orders], "tooLate": []})
