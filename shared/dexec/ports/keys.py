"""The ``ApiKeys`` port: who may call, and each client's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dexec.domain.risk import RiskLimits


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: its SHA-256 in hex, its client, and the client's limits.

    ``orders_per_minute``: None is the default rate, 0 is no limit. ``max_amounts`` bounds the
    amount that an order names, in base units by token symbol: a token that it does not list may not be named
    at all. None bounds nothing. ``limits`` are the client's risk limits, as the key was found.
    """

    key_hash: str
    client_id: str
    orders_per_minute: int | None
    max_amounts: Mapping[str, int] | None
    created_at: datetime
    revoked_at: datetime | None = None
    limits: RiskLimits | None = None


class ApiKeys(Protocol):
    """The store of API keys."""

    def find(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked or not."""

    def add(self, key: ApiKey) -> None:
        """Store a key; one with the same hash is replaced."""
