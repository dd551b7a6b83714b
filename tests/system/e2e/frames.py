"""Every frame that crosses a WebSocket of the end-to-end tests, held against the AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import cast

import jsonschema_rs
import pytest
import websockets.asyncio.client
import websockets.sync.client

from infra.json_types import Json, Node
from infra.release.documents import asyncapi
from infra.release.documents.components import strict

Data = str | bytes


class Watch:
    """Checks frames as clients receive them; ``faults`` says what the document does not allow."""

    def __init__(self) -> None:
        document = asyncapi.document()
        components = cast(Node, strict(document["components"]))
        self._validators = {
            kind: jsonschema_rs.Draft202012Validator(self._schema(components, kind)) for kind in asyncapi.SENT
        }
        self.seen: dict[str, int] = dict.fromkeys(asyncapi.SENT, 0)
        self.faults: list[str] = []

    @staticmethod
    def _schema(components: Node, kind: str) -> Node:
        message = cast(Node, cast(Node, components["messages"])[kind])
        return {**cast(Node, message["payload"]), "components": {"schemas": components["schemas"]}}

    def take(self, text: Data) -> None:
        """Check one frame."""
        frame: Json = json.loads(text)
        kind = str(frame.get("type")) if isinstance(frame, dict) else ""
        if kind not in self._validators:
            self.faults.append(f"unknown frame: {text!r}")
            return
        self.seen[kind] += 1
        self.faults += [f"{error.message}: {text!r}" for error in self._validators[kind].iter_errors(frame)]

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """See what every WebSocket client of this process receives."""
        self._wrap_sync(patch)
        self._wrap_async(patch)

    def _wrap_sync(self, patch: pytest.MonkeyPatch) -> None:
        kind = websockets.sync.client.ClientConnection
        receive = cast(Callable[..., Data], kind.recv)

        def recv(connection: object, *args: object, **kwargs: object) -> Data:
            data = receive(connection, *args, **kwargs)
            self.take(data)
            return data

        patch.setattr(kind, "recv", recv)

    def _wrap_async(self, patch: pytest.MonkeyPatch) -> None:
        kind = websockets.asyncio.client.ClientConnection
        receive = cast(Callable[..., Awaitable[Data]], kind.recv)

        async def recv(connection: object, *args: object, **kwargs: object) -> Data:
            data = await receive(connection, *args, **kwargs)
            self.take(data)
            return data

        patch.setattr(kind, "recv", recv)
