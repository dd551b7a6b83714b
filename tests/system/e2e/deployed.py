"""A deployment as the end-to-end tests see it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx

from dexec_client.raw.api import Api
from dexec_client.raw.feed import Feed
from dexec_client.raw.json_types import Document, Json
from infra.local.aws import Aws
from infra.local.home import Home, State
from infra.local.keys import create_key

ORDER: Document = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}


@dataclass(frozen=True)
class Deployed:
    """A running deployment; ``home`` is None if it was started elsewhere (``DEXEC_ENDPOINT``)."""

    state: State
    home: Home | None

    @property
    def http_url(self) -> str:
        return self.state.http_url

    @property
    def websocket_url(self) -> str:
        return self.state.websocket_url

    @property
    def api_key(self) -> str:
        return self.state.api_key

    @property
    def endpoint_url(self) -> str:
        return self.state.endpoint_url

    @property
    def database_url(self) -> str:
        return self.state.database_url

    @property
    def aws(self) -> Aws:
        return Aws(self.endpoint_url)

    def new_key(self, *, orders_per_minute: int | None = 0) -> str:
        """Make a client of its own and return its key; without rate limit unless one is given."""
        key = f"test-{uuid.uuid4().hex[:12]}"
        create_key(self.database_url, key, orders_per_minute=orders_per_minute)
        return key

    def client(self, api_key: str | None = None, timeout_s: float = 15) -> httpx.Client:
        """Return a plain HTTP client with the key's header; paths are relative to the API."""
        headers = {"x-api-key": api_key or self.api_key}
        return httpx.Client(base_url=f"{self.http_url}/", headers=headers, timeout=timeout_s, trust_env=False)

    def place(self, api_key: str | None = None, **fields: Json) -> str:
        """Place ``ORDER``, with the fields given instead of its own; return its id."""
        with self.client(api_key) as client:
            answer = client.post("api/orders/execute", json=ORDER | fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["orderId"])

    def api(self, api_key: str | None = None) -> Api:
        """Return the asynchronous client that commands use."""
        return Api(self.http_url, api_key or self.api_key)

    def feed(self, api_key: str | None = None, *, stream: bool = False) -> Feed:
        """Return a WebSocket that is kept open and misses nothing."""
        return Feed(self.websocket_url, api_key or self.api_key, stream=stream)
