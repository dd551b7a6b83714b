"""Reads the frames of the WebSocket API."""

from __future__ import annotations

import json

from dexec_client.errors import DexecError, refusal
from dexec_client.raw.json_types import Document, Json


def parsed(message: str | bytes) -> Document:
    """Return a frame. Raises ``ValueError`` for no JSON, ``TypeError`` for no object."""
    frame: Json = json.loads(message)
    if not isinstance(frame, dict):
        raise TypeError(f"no object: {frame!r}")
    return frame


def refusal_of(frame: Document) -> DexecError:
    """Return the error that an ``error`` frame stands for."""
    problem = frame.get("error", frame)
    fields = problem if isinstance(problem, dict) else frame
    text = fields.get("detail") or fields.get("message") or fields.get("title") or "refused"
    status, waits = fields.get("status"), fields.get("retryAfter")
    return refusal(
        str(text),
        status if isinstance(status, int) else 400,
        fields,
        float(waits) if isinstance(waits, int) else None,
    )
