"""Client of the HTTP API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

import httpx

from dexec_client import __version__
from dexec_client.errors import ApiError, BadAddress, ConnectionLost, DexecError, refusal, seconds
from dexec_client.raw.json_types import Document, Json
from dexec_client.raw.retry import Say, key_or_new, until_answered

PAGE = 100
"""Orders asked for at once, the most that the API gives."""


def is_local(url: str) -> bool:
    """Return whether a deployment runs on this machine: it is reached without the environment's proxies."""
    return urlsplit(url).hostname in {"localhost", "127.0.0.1"}


def _silent(_: str) -> None:
    pass


class Api:
    """Calls of one client. Every method raises ``DexecError``; ``say`` is called when one is repeated.

    Orders are repeated while their answer is lost; with ``repeat_reads``, so is what only reads.
    """

    def __init__(
        self,
        http_url: str,
        api_key: str,
        timeout_s: float = 15,
        say: Say = _silent,
        *,
        repeat_reads: bool = False,
    ) -> None:
        self._http_url = http_url.rstrip("/")
        self._say = say
        self._repeat_reads = repeat_reads
        self._http = httpx.AsyncClient(
            headers={"x-api-key": api_key, "user-agent": f"dexec-client/{__version__}"},
            timeout=timeout_s,
            trust_env=not is_local(http_url),
        )

    async def __aenter__(self) -> Api:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def place(self, order: Mapping[str, Json], idempotency_key: str | None = None) -> Document:
        """Place an order; the answer's ``orderId`` is its id.

        An answer that is lost (no connection, a time-out, 502, 503, 504) is asked for again under the same
        idempotency key, a new one unless it is given: the order is placed once.
        """
        headers = {"idempotency-key": key_or_new(idempotency_key)}
        path, body = "/api/orders/execute", dict(order)
        return await until_answered(lambda: self._call("POST", path, json=body, headers=headers), self._say)

    async def order(self, order_id: str) -> Document:
        """Return an order with its route, fill and events."""
        return await self._get(f"/api/orders/{order_id}")

    async def cancel(self, order_id: str) -> Document:
        """Cancel an order and return it; one that is cancelled already is returned as it is.

        An answer that is lost is asked for again: that cancels nothing twice.
        """
        path = f"/api/orders/{order_id}"
        return await until_answered(lambda: self._call("DELETE", path), self._say)

    async def cancel_all(self, pair: Mapping[str, Json] | None = None) -> Document:
        """Cancel all orders, or those of a pair (``tokenIn``, ``tokenOut``).

        Asked again after a lost answer, it does not name what the first call cancelled.
        """
        path, body = "/api/orders/cancel", dict(pair or {})
        return await until_answered(lambda: self._call("POST", path, json=body), self._say)

    async def amend(self, order_id: str, seq: int, wanted: Mapping[str, Json]) -> Document:
        """Amend an order that waits and return it, if it is at this ``seq``; it is not asked for again."""
        return await self._call("PATCH", f"/api/orders/{order_id}", json={"seq": seq, **wanted})

    async def history(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Document:
        """Return one page of the client's orders, newest first."""
        return await self._get("/api/orders", status=status, limit=limit, cursor=cursor)

    async def orders(
        self, *, status: str | None = None, most: int | None = None
    ) -> AsyncGenerator[Document, None]:
        """Yield the client's orders, newest first, ``most`` of them at the most; pages are read as needed."""
        cursor: str | None = None
        left = most
        while left is None or left > 0:
            page = await self.history(
                status=status, limit=PAGE if left is None else min(PAGE, left), cursor=cursor
            )
            orders = cast("list[Document]", page["orders"])
            for order in orders:
                yield order
            left = None if left is None else left - len(orders)
            cursor = cast("str | None", page.get("nextCursor"))
            if cursor is None:
                return

    async def quotes(
        self, token_in: str, token_out: str, amount: str, mode: str, slippage_bps: int | None = None
    ) -> Document:
        """Return every venue's quote and the route that would be taken."""
        return await self._get(
            "/api/quotes",
            tokenIn=token_in,
            tokenOut=token_out,
            amount=amount,
            mode=mode,
            slippageBps=slippage_bps,
        )

    async def balances(self) -> Document:
        """Return what the client's wallet holds."""
        return await self._get("/api/balances")

    async def risk(self) -> Document:
        """Return what the client may trade, what of it is used today, and halts."""
        return await self._get("/api/risk")

    async def tokens(self) -> Document:
        """Return all tokens that can be swapped."""
        return await self._get("/api/tokens")

    async def config(self) -> Document:
        """Return the public configuration: the WebSocket URL and the version."""
        return await self._get("/api/config")

    async def _get(self, path: str, **query: str | int | None) -> Document:
        if not self._repeat_reads:
            return await self._call("GET", path, query=query)
        return await until_answered(lambda: self._call("GET", path, query=query), self._say, how="")

    # --- webhooks ------------------------------------------------------------------------------------

    async def create_hook(self, url: str, events: Sequence[str] = ()) -> Document:
        """Have events sent to an address; ``secret`` of the answer is shown this once."""
        return await self._call("POST", "/api/hooks", json={"url": url, "events": [*events]})

    async def hooks(self) -> Document:
        """Return the client's webhooks."""
        return await self._get("/api/hooks")

    async def delete_hook(self, hook_id: str) -> Document:
        """Delete a webhook."""
        return await self._call("DELETE", f"/api/hooks/{hook_id}")

    async def deliveries(
        self, hook_id: str, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Document:
        """Return one page of a webhook's deliveries, latest order first."""
        path = f"/api/hooks/{hook_id}/deliveries"
        return await self._get(path, state=state, limit=limit, cursor=cursor)

    async def replay(self, hook_id: str, delivery_id: str | None = None) -> Document:
        """Have one delivery sent again, or all that failed or wait."""
        body: Document = {} if delivery_id is None else {"deliveryId": delivery_id}
        return await self._call("POST", f"/api/hooks/{hook_id}/replay", json=body)

    async def test_hook(self, hook_id: str) -> Document:
        """Have a test sent; ``deliveryId`` of the answer names its delivery."""
        return await self._call("POST", f"/api/hooks/{hook_id}/test")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Document | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int | None] | None = None,
    ) -> Document:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            answer = await self._http.request(
                method, f"{self._http_url}{path}", json=json, headers=headers, params=given
            )
            document = answer.json()
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as exc:
            text = f"{self._http_url} is not an HTTP address; one looks like http://localhost:4566/…"
            raise BadAddress(text) from exc
        except httpx.HTTPError as exc:
            raise ConnectionLost(f"{self._http_url} did not answer: {exc or type(exc).__name__}") from exc
        except ValueError as exc:
            raise _no_json(self._http_url, answer) from exc
        if answer.is_error:
            raise _refusal(answer, document)
        return cast(Document, document)


def _refusal(answer: httpx.Response, document: Json) -> ApiError:
    status = answer.status_code
    problem = document if isinstance(document, dict) else {}
    # A gateway's own words ("Internal server error") say nothing without the status.
    gateway = f"HTTP {status}: {problem['message']}" if "message" in problem else f"HTTP {status}"
    text = problem.get("detail") or problem.get("title") or gateway
    return refusal(str(text), status, problem, seconds(answer.headers.get("retry-after")))


def _no_json(http_url: str, answer: httpx.Response) -> DexecError:
    status = answer.status_code
    if status >= 500:
        waits = seconds(answer.headers.get("retry-after"))
        return refusal(f"{http_url} answered HTTP {status}", status, retry_after=waits)
    return BadAddress(f"{http_url} is not a dexec deployment: it answered {status} without JSON")
