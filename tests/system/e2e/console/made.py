"""Orders that are made up for the page: as many as wanted, answered in place of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

from tests.system.e2e.console.sockets import Frame

Made = dict[str, object]
START = datetime(2026, 1, 1, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def made_order(number: int, **fields: object) -> Made:
    """Return an order as the API answers it; a higher number is a later one."""
    created = iso(datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=number))
    order: Made = {
        "orderId": f"ord_{number:032x}",
        "clientOrderId": None,
        "status": "confirmed",
        "seq": 1,
        "attempt": 1,
        "mode": "exactIn",
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amount": str(number),
        "slippageBps": 50,
        "amountIn": None,
        "amountOut": None,
        "createdAt": created,
        "updatedAt": created,
        "startsAt": created,
        "route": None,
        "signature": None,
        "fill": None,
        "error": None,
    }
    return {**order, **fields}


def event_of(order: Made, **fields: object) -> Made:
    """Return the first event of an order."""
    names = (
        "seq",
        "status",
        "attempt",
        "clientOrderId",
        "mode",
        "tokenIn",
        "tokenOut",
        "amount",
        "slippageBps",
    )
    return {**{name: order[name] for name in names}, "at": order["createdAt"], **fields}


def frame_of(order: Made, **fields: object) -> Frame:
    """Return the frame of an order's first event."""
    return {"type": "status", "orderId": order["orderId"], **event_of(order), **fields}


def serve(page: Page, orders: list[Made]) -> None:
    """Answer the page's reads of orders with these; the list may grow meanwhile."""
    page.route("**/api/orders?*", lambda route: _page_of(route, orders))
    page.route("**/api/orders/ord_*", lambda route: _one_of(route, orders))


def _page_of(route: Route, orders: list[Made]) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
    found = sorted((one for one in orders if _is_wanted(one, query)), key=_id_of, reverse=True)
    limit = int(query["limit"])
    cursor = _id_of(found[limit - 1]) if len(found) > limit else None
    route.fulfill(body=json.dumps({"orders": found[:limit], "nextCursor": cursor}))


def _is_wanted(order: Made, query: Mapping[str, str]) -> bool:
    is_over = order["status"] in ("confirmed", "failed", "cancelled", "expired")
    wanted = query.get("status")
    has_status = wanted in (None, order["status"]) or (wanted == "active" and not is_over)
    return has_status and ("cursor" not in query or _id_of(order) < query["cursor"])


def _one_of(route: Route, orders: list[Made]) -> None:
    wanted = urlsplit(route.request.url).path.rsplit("/", 1)[-1]
    order = next(one for one in orders if one["orderId"] == wanted)
    event = event_of(order, error=order["error"])
    route.fulfill(body=json.dumps({**order, "explanation": None, "events": [event]}))


def _id_of(order: Made) -> str:
    return str(order["orderId"])
