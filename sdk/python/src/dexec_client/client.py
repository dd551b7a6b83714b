"""The asynchronous client."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Literal

from dexec_client.errors import BadAddress, DexecError, Unauthorized
from dexec_client.handle import AsyncOrderHandle
from dexec_client.models import (
    Balance,
    Balances,
    Config,
    OrderAccepted,
    OrdersCancelled,
    Quotes,
    Risk,
    Token,
    Tokens,
)
from dexec_client.raw.api import Api
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document, Json
from dexec_client.raw.retry import key_or_new
from dexec_client.results import Amount, Order, amount_text, parsed
from dexec_client.watching import AsyncEventStream, Watch

SwapMode = Literal["exactIn", "exactOut"]
OrderType = Literal["market", "limit", "stop", "trailingStop", "oco"]

URL_VARIABLE = "DEXEC_URL"
KEY_VARIABLE = "DEXEC_API_KEY"
TIMEOUT_S = 15.0


class AsyncClient:
    """A client of one deployment, for one API key. An asynchronous context manager, or closed by ``aclose``.

    ``url`` is the HTTP API's address, that of ``DEXEC_URL`` by default; ``api_key`` that of
    ``DEXEC_API_KEY``. ``timeout`` is for one try of one call, in seconds. ``on_retry`` is called with a line
    of text whenever something is sent again or a connection opened again.

    Every call is tried up to five times, for about five seconds, while its answer is lost (no connection, a
    time-out, 502, 503, 504), an order always under its one idempotency key. Proxies are those of the
    environment, except for a deployment on this machine.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = TIMEOUT_S,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        address, key = url or os.environ.get(URL_VARIABLE), api_key or os.environ.get(KEY_VARIABLE)
        if not address:
            raise BadAddress(f"no deployment is named: pass its url, or set {URL_VARIABLE}")
        if not key:
            raise Unauthorized(f"no key is given: pass api_key, or set {KEY_VARIABLE}", 401)
        self._key = key
        self._say = on_retry
        self._api = Api(address, key, timeout, on_retry, repeat_reads=True)
        self._websocket_url: str | None = None
        self._streams: list[AsyncEventStream] = []
        self._is_closed = False
        self.watch = Watch(self._feed)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; what waits for one raises ``RuntimeError``, and streams end."""
        self._is_closed = True
        for stream in self._streams:
            await stream.aclose()
        await self.watch.aclose()
        await self._api.aclose()

    async def execute(
        self,
        *,
        token_in: str,
        token_out: str,
        amount: Amount,
        mode: SwapMode | None = None,
        slippage_bps: int | None = None,
        min_amount_out: Amount | None = None,
        max_amount_in: Amount | None = None,
        deadline: int | None = None,
        order_type: OrderType | None = None,
        limit_price: Amount | None = None,
        trigger_price: Amount | None = None,
        trailing_bps: int | None = None,
        activation_price: Amount | None = None,
        trigger_price_type: Literal["reference", "mid"] | None = None,
        confirm_ticks: int | None = None,
        take_profit: Mapping[str, Json] | None = None,
        stop_loss: Mapping[str, Json] | None = None,
        time_in_force: Literal["gtc", "ioc"] | None = None,
        expires_at: datetime | None = None,
        client_order_id: str | None = None,
        idempotency_key: str | None = None,
        extra: Mapping[str, Json] | None = None,
    ) -> AsyncOrderHandle:
        """Place an order, and return it as soon as it is accepted.

        ``amount`` counts ``token_in``, with the mode ``exactOut`` ``token_out``. ``slippage_bps`` is how far
        the price may move from the quote at signing; ``min_amount_out`` (``exactIn``) and ``max_amount_in``
        (``exactOut``) bind whatever the price does. After ``deadline`` seconds nothing is signed.
        ``client_order_id`` is shown with the order. ``extra`` takes fields of the API that this client does
        not know.

        With an ``order_type`` the order waits: for ``limit_price`` or better (``limit``), for
        ``trigger_price`` or worse (``stop``), for a fall of ``trailing_bps`` (``trailingStop``), for
        ``take_profit`` or ``stop_loss`` (``oco``), fields of the API by its names, such as
        ``{"limitPrice": "170"}`` and ``{"triggerPrice": "140"}``. Of any other type these two are its exits,
        for what it gets. Prices are ``token_out`` per ``token_in``, of exits the other way round.
        ``expires_at``, with a time zone, ends it, as ``deadline`` does.

        However often it is sent, it is one order: under ``idempotency_key``, else one of its own. Where a
        ``DexecError`` says ``is_unknown``, the order may have been placed: its ``idempotency_key`` is the
        one to repeat it with.
        """
        exact = {
            "minAmountOut": min_amount_out,
            "maxAmountIn": max_amount_in,
            "limitPrice": limit_price,
            "triggerPrice": trigger_price,
            "activationPrice": activation_price,
        }
        given: Document = {
            "tokenIn": token_in,
            "tokenOut": token_out,
            "amount": amount_text(amount),
            **{name: None if value is None else amount_text(value) for name, value in exact.items()},
            "mode": mode,
            "slippageBps": slippage_bps,
            "deadline": deadline,
            "orderType": order_type,
            "trailingBps": trailing_bps,
            "triggerPriceType": trigger_price_type,
            "confirmTicks": confirm_ticks,
            "takeProfit": None if take_profit is None else dict(take_profit),
            "stopLoss": None if stop_loss is None else dict(stop_loss),
            "timeInForce": time_in_force,
            "expiresAt": None if expires_at is None else expires_at.isoformat(),
            "clientOrderId": client_order_id,
        }
        order: Document = {name: value for name, value in given.items() if value is not None}
        key = key_or_new(idempotency_key)
        try:
            placed = parsed(OrderAccepted, await self._api.place(order | dict(extra or {}), key))
        except DexecError as exc:
            exc.idempotency_key = key
            raise
        return AsyncOrderHandle(self, placed.order_id, placed.status, placed.starts_at)

    async def handle(self, order_id: str) -> AsyncOrderHandle:
        """Return an order that was placed before, to be watched. Raises ``NotFound``."""
        order = await self.order(order_id)
        return AsyncOrderHandle(self, order.order_id, order.status, order.starts_at)

    async def order(self, order_id: str) -> Order:
        """Return an order with its route, fill and events. Raises ``NotFound``."""
        return parsed(Order, await self._api.order(order_id))

    async def cancel(self, order_id: str) -> Order:
        """Cancel an order and return it; one that is cancelled already is returned as it is.

        Raises ``NotFound``, and ``Conflict`` with the code ``too_late_to_cancel`` where its transaction is
        signed (the order is cancelled then if that does not fill it), or the order is over.
        """
        return parsed(Order, await self._api.cancel(order_id))

    async def cancel_all(
        self, *, token_in: str | None = None, token_out: str | None = None
    ) -> OrdersCancelled:
        """Cancel all orders, or those from one token to another."""
        pair: Document = {"tokenIn": token_in, "tokenOut": token_out}
        given = {name: value for name, value in pair.items() if value is not None}
        return parsed(OrdersCancelled, await self._api.cancel_all(given))

    async def amend(
        self,
        order_id: str,
        *,
        seq: int,
        amount: Amount | None = None,
        limit_price: Amount | None = None,
        trigger_price: Amount | None = None,
        trailing_bps: int | None = None,
        expires_at: datetime | None = None,
        extra: Mapping[str, Json] | None = None,
    ) -> Order:
        """Amend an order that waits and return it; all that is given is changed, or nothing.

        ``seq`` is the order's as it is known: ``Conflict`` with the code ``stale_seq`` says that it has
        changed since, with ``not_waiting`` that it does not wait any more. ``extra`` takes other fields of
        the API, such as ``takeProfit``; there, None drops what can be missing.

        It is sent once. Where a ``DexecError`` says ``is_unknown``, read the order: a higher ``seq`` tells.
        """
        given: Mapping[str, Json] = {
            "amount": None if amount is None else amount_text(amount),
            "limitPrice": None if limit_price is None else amount_text(limit_price),
            "triggerPrice": None if trigger_price is None else amount_text(trigger_price),
            "trailingBps": trailing_bps,
            "expiresAt": None if expires_at is None else expires_at.isoformat(),
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        return parsed(Order, await self._api.amend(order_id, seq, wanted | dict(extra or {})))

    async def orders(
        self, *, status: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[Order, None]:
        """Yield the orders, newest first, ``limit`` at the most; pages are read as they are needed."""
        async for order in self._api.orders(status=status, most=limit):
            yield parsed(Order, order)

    async def quote(
        self,
        *,
        token_in: str,
        token_out: str,
        amount: Amount,
        mode: SwapMode = "exactIn",
        slippage_bps: int | None = None,
    ) -> Quotes:
        """Return every venue's quote, and the route that an order would take now."""
        text = amount_text(amount)
        found = await self._api.quotes(token_in, token_out, text, mode, slippage_bps)
        return parsed(Quotes, found)

    async def balances(self) -> list[Balance]:
        """Return what the wallet holds."""
        return parsed(Balances, await self._api.balances()).balances

    async def risk(self) -> Risk:
        """Return what may be traded: risk limits, what of them is used today, and halts."""
        return parsed(Risk, await self._api.risk())

    async def tokens(self) -> list[Token]:
        """Return all tokens that can be swapped."""
        return parsed(Tokens, await self._api.tokens()).tokens

    async def config(self) -> Config:
        """Return the public configuration: version, limits, the WebSocket's address."""
        return parsed(Config, await self._api.config())

    def stream(self) -> AsyncEventStream:
        """Return an iterator over the events of all orders from now on, that never ends by itself."""
        stream = AsyncEventStream(self._feed)
        self._streams.append(stream)
        return stream

    async def _feed(self, stream: bool) -> Feed:
        if self._websocket_url is None:
            self._websocket_url = (await self.config()).websocket_url
        feed = Feed(self._websocket_url, self._key, stream=stream, say=self._say)
        await feed.open()
        if self._is_closed:
            await feed.aclose()
            raise RuntimeError("the client is closed")
        return feed
