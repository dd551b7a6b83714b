"""Orders that wait, as a demo shows them: a board that is redrawn, one line per step, what each fill got."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape

from dexec_client.raw.events import TERMINAL, Event
from dexec_client.raw.json_types import Document
from infra.cli import output, views
from infra.cli.route_views import documents

PASSED_OVER = frozenset({"routing", "building", "submitted"})
"""Statuses that the board shows and no line tells of: they take some tenths of a second."""

WORTH_A_LINE = Decimal("0.01")
"""By which part a price has to have moved since the last line about it."""


@dataclass
class Row:
    """An order: ``waits`` is for what, ``now`` the newest tick's price, in the order's own unit."""

    name: str
    order_id: str
    status: str = ""
    waits: str = "the market"
    now: Decimal | None = None
    distance_bps: int | None = None
    remark: str = ""
    activated: bool = False


@dataclass
class WaitingBoard:
    """The orders being watched."""

    _rows: dict[str, Row] = field(default_factory=dict)
    _said: Decimal = Decimal(0)

    @property
    def rows(self) -> list[Row]:
        """Return all rows, in the order in which they were added."""
        return list(self._rows.values())

    def add(self, row: Row) -> None:
        """Show an order from now on."""
        self._rows[row.order_id] = row

    def row(self, name: str) -> Row:
        """Return an order's row."""
        return next(row for row in self._rows.values() if row.name == name)

    def take(self, event: Event) -> None:
        """Record an event, and say what is more than a step on the way."""
        row = self._rows[event.order_id]
        row.status, words = event.status, views.remark(event)
        row.activated = row.activated or event.step == "activated"
        if event.detail.get("orderType") in views.CONDITIONS:
            row.waits = views.condition(event.detail)
        if event.status != "open":
            row.now = row.distance_bps = None
        if event.status in TERMINAL:
            row.remark = words
        if event.status not in PASSED_OVER:
            _say_line(event.at[11:19], row.name, event.step or event.status, words)

    def see(self, order: Document) -> None:
        """Record how far an order is from its price; say the price where it has moved."""
        row, market = self._rows.get(str(order["orderId"])), order.get("market")
        if row is None or not isinstance(market, dict) or row.status != "open":
            return
        row.waits = views.condition(order)
        row.now = Decimal(str(market["price"]))
        distance = market.get("distanceBps")
        row.distance_bps = None if distance is None else int(str(distance))
        if _sells(order):
            self._say_price(row.now, order)

    def _say_price(self, price: Decimal, order: Document) -> None:
        """Say what all orders that sell see, where it has moved."""
        if abs(price - self._said) > self._said * WORTH_A_LINE:
            if self._said:
                self.say_market(f"1 {order['tokenIn']} sells at {price:.2f} {order['tokenOut']}")
            self._said = price

    def say_market(self, words: str) -> None:
        """Say what the market does."""
        _say_line(f"{datetime.now(UTC):%H:%M:%S}", "market", "", words)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table that is drawn."""
        right = {"now", "distance"}
        columns = ("order", "status", "now", "distance", "waits for")
        table = output.table(*columns, right=right, whole=columns[:-1])
        for row in self._rows.values():
            table.add_row(
                row.name,
                views.status_text(row.status),
                "" if row.now is None else f"{row.now:.2f}",
                "" if row.distance_bps is None else f"{row.distance_bps / 100:.2f} %",
                row.remark or row.waits,
            )
        yield table


def _say_line(time: str, name: str, stage: str, words: str) -> None:
    style = views.STATUS_STYLE.get(stage, "cyan")
    output.say(f"[dim]{time}[/] {name:<7} [{style}]{stage:<9}[/] {escape(words)}".rstrip())


@contextlib.contextmanager
def drawn(board: WaitingBoard) -> Iterator[None]:
    """Redraw the board below the lines while the body runs, on a terminal."""
    console = output.console()
    if console.is_terminal and not output.is_recording():
        with Live(board, console=console, refresh_per_second=10):
            yield
    else:
        yield


# --- what each fill got ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fill:
    """An order's fill in exact amounts of both tokens; ``limit`` is the price that it had to keep."""

    quote: Decimal
    base: Decimal
    sells: bool
    limit: Decimal | None

    @classmethod
    def of(cls, order: Document) -> Fill | None:
        """Read the fill of an order whose unit names its base token last; None if it has none."""
        if not order.get("amountOut"):
            return None
        sells = _sells(order)
        amounts = Decimal(str(order["amountOut"])), Decimal(str(order["amountIn"]))
        quote, base = amounts if sells else amounts[::-1]
        return cls(quote, base, sells, _limit_of(order))

    @property
    def kept(self) -> bool:
        """Whether it is at the limit or better."""
        if self.limit is None:
            return True
        bound = self.limit * self.base
        return self.quote >= bound if self.sells else self.quote <= bound

    def against_limit(self) -> str:
        """Return by how much it is better than the limit, in words."""
        if self.limit is None:
            return "no limit"
        better = (self.quote / self.base - self.limit) * (1 if self.sells else -1)
        if not self.kept:
            return f"{-better:.6f} WORSE than {self.limit}"
        return f"{better:.2f} better than {self.limit}" if better else f"at {self.limit}"


def _sells(order: Document) -> bool:
    """Return whether an order sells the token that its prices count."""
    return str(order["priceUnit"]).endswith(f" {order['tokenIn']}")


def _limit_of(order: Document) -> Decimal | None:
    """Return the limit of the condition that fired."""
    fields = order
    if order["orderType"] == "oco":
        fields = cast(Document, order["takeProfit" if order["fired"] == "limit" else "stopLoss"])
    limit = fields.get("limitPrice")
    return None if limit is None else Decimal(str(limit))


def print_fills(orders: Mapping[str, Document]) -> bool:
    """Print what fired each order and what it got; return whether all are filled within their limits."""
    right = {"saw", "waited for", "filled at"}
    table = output.table(
        "order", "fired by", "saw", "waited for", "filled at", "against its limit", right=right
    )
    fills = {name: Fill.of(order) for name, order in orders.items()}
    for name, order in orders.items():
        fill, trigger = fills[name], _trigger(order)
        table.add_row(
            name,
            _fired_by(order),
            _rounded(trigger.get("price")),
            _rounded(trigger.get("threshold")),
            "" if fill is None else f"{fill.quote / fill.base:.2f}",
            views.error_text(order.get("error")) if fill is None else fill.against_limit(),
        )
    output.console().print(table)
    return all(fill is not None and fill.kept for fill in fills.values())


def _fired_by(order: Document) -> str:
    """Return the condition that fired, or the status of an order of which none did."""
    fired = str(order["fired"] or order["status"])
    return "take-profit" if order["orderType"] == "oco" and fired == "limit" else fired


def _trigger(order: Document) -> Document:
    """Return the last event by which an order was triggered."""
    found = [event for event in documents(order["events"]) if event["status"] == "triggered"]
    return found[-1] if found else {}


def _rounded(price: object) -> str:
    return "" if price is None else f"{Decimal(str(price)):.2f}"
