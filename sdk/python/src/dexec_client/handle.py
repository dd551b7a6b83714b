"""An order that was placed: its state, its events, its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import TYPE_CHECKING

from dexec_client.errors import DexecError, NotDone, RateLimited
from dexec_client.raw.retry import is_lost
from dexec_client.results import Order, OrderEvent

if TYPE_CHECKING:
    from dexec_client.client import AsyncClient

POLL_S = 1.0
"""How often an order is read where its events cannot be watched: a tenth of the reads that a key has."""


class AsyncOrderHandle:
    """One order of an ``AsyncClient``; ``status`` is the last that was seen, ``starts_at`` when it is due."""

    def __init__(self, client: AsyncClient, order_id: str, status: str, starts_at: datetime | None) -> None:
        self._client = client
        self.id = order_id
        self.status = status
        self.starts_at = starts_at

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status}>"

    async def refresh(self) -> Order:
        """Read the order: its route, its fill, its events. Raises ``DexecError``."""
        order = await self._client.order(self.id)
        self.status = order.status
        return order

    async def cancel(self) -> Order:
        """Cancel the order, as ``cancel`` of the client does, and return it."""
        order = await self._client.cancel(self.id)
        self.status = order.status
        return order

    async def events(self, after_seq: int = 0) -> AsyncGenerator[OrderEvent, None]:
        """Yield the order's events after ``after_seq``, those it has and those to come, to its last.

        Each comes once and in order, over drops of the connection. Raises ``DexecError`` where the
        deployment is not reached at first, or refuses the key.
        """
        if after_seq:
            order = await self.refresh()
            if order.terminal and order.seq <= after_seq:
                return
        async with contextlib.aclosing(self._client.watch.events(self.id, after_seq)) as events:
            async for event in events:
                self.status = event.status
                yield OrderEvent.of(event)

    async def done(self, timeout: float | None = None) -> Order:
        """Wait for the order's end, and return it: confirmed, failed, cancelled or expired.

        An order that waits for its price may do so for weeks: its events say how it stands meanwhile.
        Raises ``NotDone`` after ``timeout`` seconds (the order goes on; ask again), ``DexecError`` where
        the deployment refuses: an outage is waited out. Where a WebSocket cannot be opened, the order is read
        each second.
        """
        try:
            async with asyncio.timeout(timeout):
                with contextlib.suppress(DexecError):
                    async with contextlib.aclosing(self.events()) as events:
                        async for _ in events:
                            pass
                return await self._polled()
        except TimeoutError as exc:
            text = f"order {self.id} is still {self.status} after {timeout:g} s; it goes on: ask again"
            raise NotDone(text) from exc

    async def _polled(self) -> Order:
        while True:
            wait_s = POLL_S
            try:
                if (order := await self.refresh()).terminal:
                    return order
            except RateLimited as exc:
                wait_s = max(wait_s, exc.retry_after or 0)
            except DexecError as exc:
                if not is_lost(exc):
                    raise
            await asyncio.sleep(wait_s)
