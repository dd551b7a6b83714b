"""Prints orders and histories on a terminal of 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, cast

from rich.markup import escape
from rich.text import Text

from dexec_client.raw.events import Event
from dexec_client.raw.json_types import Document
from infra.cli import output
from infra.cli.route_views import documents, print_route_in_full, venues

STATUS_STYLE = {"confirmed": "green", "failed": "red", "cancelled": "yellow", "expired": "yellow"}


def short_id(order_id: str) -> str:
    """Return the end of an id: the beginning is the time it was made, the same for all of a minute."""
    return f"…{order_id[-8:]}"


def swap(order: Document) -> str:
    """Return what an order asks for, in words; an exit's amount is not known until its entry is filled."""
    if order.get("entryId") and order["amount"] == "0":
        return f"{order['tokenIn']} → {order['tokenOut']}"
    if order.get("mode") == "exactOut":
        return f"{order['tokenIn']} → {order['amount']} {order['tokenOut']}"
    return f"{order['amount']} {order['tokenIn']} → {order['tokenOut']}"


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=STATUS_STYLE.get(status, ""))


def remark(event: Event) -> str:
    """Return what an event adds to its status, in words."""
    if event.status == "failed" or "error" in event.detail:
        return error_text(event.detail.get("error"))
    if event.step == "quotes":
        return venues(event.detail)
    if event.status == "confirmed":
        fill = cast(Document, event.detail["fill"])
        return f"got {fill['amountOut']} {documents(fill['legs'])[-1]['tokenOut']}"
    return waiting_remark(event) or str(event.detail.get("signature", ""))


def waiting_remark(event: Event) -> str:
    """Return what an event of an order that waits adds, in words."""
    detail = event.detail
    if event.status == "triggered" and "price" in detail:
        return f"{detail['by']}: {detail['price']}, waited for {detail['threshold']}"
    if event.step == "activated":
        return f"trails from {detail['price']} on"
    if event.step == "refused":
        return f"held back by {detail['rule']}: {detail['observed']}, allowed {detail['allowed']}"
    return condition(detail) if detail.get("orderType") in CONDITIONS else ""


_SHOWN = (
    "minAmountOut",
    "maxAmountIn",
    "clientOrderId",
    "createdAt",
    "startsAt",
    "expiresAt",
    "entryId",
    "exitId",
    "signature",
)
"""What an order may have that is shown under its own name."""

CONDITIONS = ("limit", "stop", "trailingStop", "oco")
"""Types of orders that wait for a price."""


def condition(order: Document) -> str:
    """Return what an order waits for, in words."""
    if order.get("orderType") == "oco":
        profit, loss = cast(Document, order["takeProfit"]), cast(Document, order["stopLoss"])
        return f"limit {profit['limitPrice']} or {_stop(loss, order)}"
    if order.get("orderType") == "limit":
        return f"limit {order['limitPrice']}"
    return _stop(order, order)


def _stop(fields: Document, order: Document) -> str:
    limit = f", limit {fields['limitPrice']}" if fields.get("limitPrice") else ""
    if fields.get("triggerPrice"):
        return f"stop {fields['triggerPrice']}{limit}"
    market = order.get("market")
    stands = market.get("stopPrice") if isinstance(market, dict) else None
    where = f" at {stands}" if stands else ""
    start = f" from {fields['activationPrice']}" if fields.get("activationPrice") and not stands else ""
    return f"trail {int(str(fields['trailingBps'])) / 100:g} %{start}{where}{limit}"


def error_text(error: object) -> str:
    """Return an order's error in words."""
    if not isinstance(error, dict):
        return ""
    return str(error.get("message") or error.get("detail") or error.get("code") or "")


def print_order(order: Document) -> None:
    """Print one order: what was asked, what came of it, its route and its events."""
    output.say(f"[bold]{order['orderId']}[/]  {escape(swap(order))}")
    status = status_text(str(order["status"]))
    output.console().print(Text.assemble("  ", status, f", attempt {order['attempt']}"))
    if order.get("orderType") in CONDITIONS:
        output.say(
            f"  [dim]{'waits for':<13}[/] {escape(condition(order))} {escape(str(order['priceUnit']))}"
        )
    for name in _SHOWN:
        if order.get(name):
            output.say(f"  [dim]{name:<13}[/] {escape(str(order[name]))}")
    if order.get("amountOut"):
        output.say(
            f"  [dim]{'filled':<13}[/] {order['amountIn']} {order['tokenIn']} → "
            f"{order['amountOut']} {order['tokenOut']}"
        )
    if order.get("error"):
        output.say(f"  [dim]{'error':<13}[/] {escape(error_text(order['error']))}")
    output.say("")
    print_events(documents(order.get("events")))
    if isinstance(order.get("route"), dict):
        output.say("")
        print_route_in_full(cast(Document, order["route"]), "route")


def print_events(events: Iterable[Document]) -> None:
    """Print an order's events."""
    table = output.table("seq", "status", "step", "attempt", "at", right={"seq", "attempt"})
    for event in events:
        status = status_text(str(event["status"]))
        step = str(event.get("step") or "")
        table.add_row(str(event["seq"]), status, step, str(event["attempt"]), str(event["at"]))
    output.console().print(table)


def print_history(orders: Iterable[Document]) -> None:
    """Print orders, one a line; where it is narrow ids are cut, then times left out, then swaps wrapped."""
    rows = [
        (str(o["orderId"]), swap(o), str(o["status"]), _result(o), output.minute(o["createdAt"]))
        for o in orders
    ]
    if not rows:
        output.note("No orders; place one with: dexec order FROM TO AMOUNT")
        return
    console = output.console()
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    is_cut = sum(widths) > console.width + 2
    names = ["order", "swap", "status", "result", "placed"]
    if output.SHORT_ID + sum(widths[1:]) > console.width:
        names.pop()
    has_room = output.SHORT_ID + sum(widths[1 : len(names)]) <= console.width
    table = output.table(*names, right={"result"}, whole=names[1 if has_room else 2 :])
    for order_id, asked, status, *rest in rows:
        table.add_row(output.Tail(order_id), asked, status_text(status), *rest[: len(names) - 3])
    console.print(table)
    if is_cut:
        output.note("cut to fit this window; --json and --csv print every order in full")


def _result(order: Document) -> str:
    """Return what an order got, or the code of what it failed by, in words, unless its status says it."""
    if order.get("amountOut"):
        return f"{order['amountOut']} {order['tokenOut']}"
    error = order.get("error")
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    return "" if code == order["status"] else code.replace("_", " ")


def print_rows(rows: Iterable[NamedTuple]) -> None:
    """Print database rows as they are, a table for each first column."""
    rows = list(rows)
    names = rows[0]._fields if rows else ()
    table = output.table(*names, whole=names)
    for before, row in zip((None, *rows), rows, strict=False):
        if before is not None and before[0] != row[0]:
            table.add_section()
        table.add_row(*("" if value is None else _cell(value) for value in row))
    output.console().print(table)


def _cell(value: object) -> str:
    return value.strftime("%H:%M:%S.%f")[:-3] if isinstance(value, datetime) else str(value)
