"""The JSON that text columns hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Fields = dict[str, Any]
"""A JSON object."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dump(value: Mapping[str, object]) -> str:
    """Return compact JSON."""
    return _ENCODER.encode(value)
