"""Order ids: ``ord_`` and a UUIDv7, so that they sort by creation time."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

_ORDER_ID = re.compile(r"ord_[0-9a-f]{32}", re.ASCII)


def order_id(now: datetime, randomness: bytes) -> str:
    """Return the id of an order accepted at ``now``; ``randomness`` are ten bytes.

    The layout is RFC 9562's version 7: 48 bits of milliseconds, then version, variant and random bits.
    """
    milliseconds = int(now.timestamp() * 1000)
    value = milliseconds << 80 | int.from_bytes(randomness)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"ord_{uuid.UUID(int=value).hex}"


def is_order_id(text: str) -> bool:
    """Say whether ``text`` has the form of an order id: what has not is looked up nowhere."""
    return _ORDER_ID.fullmatch(text) is not None


def time_of(order_id: str) -> datetime:
    """Return when the order with this id was accepted, in UTC, to the millisecond."""
    milliseconds = int(order_id.removeprefix("ord_")[:12], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
