"""Slots of the paper chain: their times, and the validity of a blockhash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SLOT = timedelta(milliseconds=400)
BLOCKHASH_SLOTS = 150
"""A transaction can land for this many blocks after its blockhash; on paper every slot has a block."""

_GENESIS = datetime(2024, 1, 1, tzinfo=UTC)


def slot_at(now: datetime) -> int:
    """Return the slot (and block height) of a moment."""
    return (now - _GENESIS) // SLOT


def time_of(slot: int) -> datetime:
    """Return the moment in which a slot begins."""
    return _GENESIS + slot * SLOT
