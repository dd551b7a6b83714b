"""The ids of the two APIs on every emulator: pinned, so that their addresses stay from start to start."""

from __future__ import annotations

HTTP_API_ID = "de0ec001"
WEBSOCKET_API_ID = "de0ec002"
WEBSOCKET_STAGE = "live"

API_PATH = r"/_aws/execute-api/([0-9a-f]{8})"
"""What the path of a request to an API begins with, as a regular expression; its group is the API's id."""
