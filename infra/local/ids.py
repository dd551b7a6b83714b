"""The ids of the two APIs on every emulator: pinned, so that their addresses stay from start to start."""

from __future__ import annotations

HTTP_API_ID = "de0ec001"
WEBSOCKET_API_ID = "de0ec002"
WEBSOCKET_STAGE = "live"
