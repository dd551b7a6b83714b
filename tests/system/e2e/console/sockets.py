"""A WebSocket with a hand on the wire: frames can be dropped or doubled, the line cut and kept dead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import WebSocketRoute

Frame = dict[str, object]


@dataclass
class Wire:
    """All sockets that a page opens; ``deliver`` says how often a frame arrives."""

    deliver: Callable[[Frame], int] = lambda _: 1
    is_dead: bool = False
    sockets: list[WebSocketRoute] = field(default_factory=list)
    sent: list[Frame] = field(default_factory=list)

    def cut(self) -> None:
        """Drop the line, and refuse to have it back until ``mend``."""
        self.is_dead = True
        for socket in self.sockets:
            socket.close(code=1012)
        self.sockets.clear()

    def push(self, frame: Frame) -> None:
        """Send the page a frame of one's own."""
        for socket in self.sockets:
            socket.send(json.dumps(frame))

    def mend(self) -> None:
        self.is_dead = False

    def connected(self, page_side: WebSocketRoute) -> None:
        """Take over a socket that the page opens."""
        if self.is_dead:
            page_side.close(code=1012)
            return
        server_side = page_side.connect_to_server()
        self.sockets.append(page_side)

        def from_page(message: str | bytes) -> None:
            self.sent.append(json.loads(message))
            server_side.send(message)

        def from_server(message: str | bytes) -> None:
            for _ in range(self.deliver(json.loads(message))):
                page_side.send(message)

        page_side.on_message(from_page)
        server_side.on_message(from_server)
