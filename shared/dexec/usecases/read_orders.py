"""Reads a client's own orders, one with its events or the history by pages, and the market they wait for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from dexec.domain.errors import NO_SUCH_ORDER, Invalid, NotFound
from dexec.domain.ids import is_order_id
from dexec.domain.order import Event, Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.sights import Mark, Seen, Sight, thinned
from dexec.ports import Clock, Orders, StatusFilter, Ticks

CHARTED = timedelta(minutes=15)
"""How far back a chart goes: ticks are kept for so long."""

MOST_POINTS = 300
"""Points of a chart."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, newest first, and where the next page begins."""

    orders: tuple[Order, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ReadOrders:
    """The use case; another client's order is not found."""

    orders: Orders
    ticks: Ticks
    clock: Clock

    def one(
        self, order_id: str, client_id: str, after_seq: int | None = None
    ) -> tuple[Order, tuple[Event, ...]]:
        """Return an order and its last events, or those after ``after_seq``; raise ``NotFound``."""
        found = self.orders.find(order_id, client_id, after_seq) if is_order_id(order_id) else None
        if found is None:
            raise NotFound(NO_SUCH_ORDER)
        return found

    def page(self, client_id: str, status: StatusFilter | None, limit: int, cursor: str | None) -> Page:
        """Return up to ``limit`` orders older than ``cursor``, a former page's ``next_cursor``."""
        if cursor is not None and not is_order_id(cursor):
            raise Invalid("is not a cursor from a page of orders", "cursor")
        found = self.orders.history(client_id, status, cursor, limit + 1)
        page = found[:limit]
        return Page(page, page[-1].id if len(found) > limit else None)

    def seen(self, marks: Collection[Mark]) -> Mapping[Mark, Seen]:
        """Return what was seen of the market of orders that are open; nothing is read for none."""
        return self.ticks.seen(marks) if marks else {}

    def chart(self, pair: Pair) -> tuple[Sight, ...]:
        """Return the last minutes of a book, at most ``MOST_POINTS``; empty where nothing waits."""
        return thinned(self.ticks.since(pair, self.clock.now() - CHARTED), MOST_POINTS)
