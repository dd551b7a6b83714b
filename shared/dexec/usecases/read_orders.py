"""Reads a client's own orders: one with its events, or the history page by page."""

from __future__ import annotations

from dataclasses import dataclass

from dexec.domain.errors import NO_SUCH_ORDER, Invalid, NotFound
from dexec.domain.ids import is_order_id
from dexec.domain.order import Event, Order
from dexec.ports import Orders, StatusFilter


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, newest first, and where the next page begins."""

    orders: tuple[Order, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ReadOrders:
    """The use case; another client's order is not found."""

    orders: Orders

    def one(self, order_id: str, client_id: str) -> tuple[Order, tuple[Event, ...]]:
        """Return an order and its events; raise ``NotFound``."""
        found = self.orders.find(order_id, client_id) if is_order_id(order_id) else None
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
