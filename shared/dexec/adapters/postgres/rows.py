"""Conversion between rows and domain objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

from dexec.adapters.postgres.statements import Row
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Detail, Event, Order, SignedTransaction, routed
from dexec.domain.quote import Mode, RouteRequest
from dexec.ports import ApiKey, Connection, Watcher

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dump(value: Mapping[str, object]) -> str:
    """Return compact JSON."""
    return _ENCODER.encode(value)


def dump_optional(value: Mapping[str, object] | None) -> str | None:
    """Return compact JSON, or None for nothing."""
    return None if value is None else dump(value)


def _load_optional(value: object) -> Detail | None:
    return None if value is None else cast(Detail, json.loads(cast(str, value)))


def dump_request(request: RouteRequest) -> str:
    """Return a request as the ``request`` column keeps it."""
    return dump(
        {
            "mode": request.mode,
            "tokenIn": request.token_in,
            "tokenOut": request.token_out,
            "amount": str(request.amount),
            "slippageBps": request.slippage_bps,
        }
    )


def _load_request(text: str) -> RouteRequest:
    fields = json.loads(text)
    return RouteRequest(
        Mode(fields["mode"]),
        fields["tokenIn"],
        fields["tokenOut"],
        int(fields["amount"]),
        fields["slippageBps"],
    )


def moment(value: object) -> datetime:
    """Return a ``timestamptz`` in UTC, whatever the session's time zone."""
    return cast(datetime, value).astimezone(UTC)


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else moment(value)


def to_order(row: Row) -> Order:
    """Return the order of a row of ``orders``, without its route, which stands in its events alone."""
    return Order(
        id=cast(str, row["id"]),
        client_id=cast(str, row["client_id"]),
        label=cast("str | None", row["label"]),
        request=_load_request(cast(str, row["request"])),
        status=Status(cast(str, row["status"])),
        seq=cast(int, row["seq"]),
        attempt=cast(int, row["attempt"]),
        run_at=moment(row["run_at"]),
        queued_at=moment(row["queued_at"]),
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        lease_token=cast("str | None", row["lease_token"]),
        lease_until=_moment_or_none(row["lease_until"]),
        transaction=_transaction(row),
        fill=_load_optional(row["fill"]),
        error=_load_optional(row["error"]),
        rounds=cast("int | None", row["rounds"]) or 0,
        parked_at=_moment_or_none(row["parked_at"]),
    )


def with_events(row: Row, events: Iterable[Row]) -> tuple[Order, tuple[Event, ...]]:
    """Return the order of a row of ``orders`` with its route, and its events."""
    found = tuple(map(to_event, events))
    return routed(to_order(row), found), found


def _transaction(row: Row) -> SignedTransaction | None:
    if row["signature"] is None:
        return None
    return SignedTransaction(
        cast(str, row["signature"]),
        cast(bytes, row["signed_tx"]),
        cast(int, row["last_valid_block_height"]),
    )


def to_event(row: Row) -> Event:
    """Return the event of a row of ``order_events``."""
    return Event(
        order_id=cast(str, row["order_id"]),
        seq=cast(int, row["seq"]),
        status=Status(cast(str, row["status"])),
        step=None if row["step"] is None else Step(cast(str, row["step"])),
        attempt=cast(int, row["attempt"]),
        detail=json.loads(cast(str, row["detail"])),
        at=moment(row["at"]),
    )


def to_watcher(row: Row) -> Watcher:
    """Return the watcher of a row that joins ``watchers`` and ``connections``."""
    return Watcher(
        cast(str, row["connection_id"]), moment(row["connected_at"]), cast(int, row["push_failures"])
    )


def to_connection(row: Row) -> Connection:
    """Return the connection of a row of ``connections``."""
    return Connection(
        connection_id=cast(str, row["connection_id"]),
        client_id=cast(str, row["client_id"]),
        key_hash=cast(str, row["key_hash"]),
        stream=cast(bool, row["stream"]),
        connected_at=moment(row["connected_at"]),
    )


def dump_amounts(amounts: Mapping[str, int] | None) -> str | None:
    """Return amounts by token as the ``max_amounts`` column keeps them; digits as text, as everywhere."""
    return None if amounts is None else dump({symbol: str(amount) for symbol, amount in amounts.items()})


def _load_amounts(value: object) -> dict[str, int] | None:
    if value is None:
        return None
    return {symbol: int(amount) for symbol, amount in json.loads(cast(str, value)).items()}


def to_api_key(row: Row) -> ApiKey:
    """Return the key of a row of ``api_keys``."""
    return ApiKey(
        key_hash=cast(str, row["key_hash"]),
        client_id=cast(str, row["client_id"]),
        orders_per_minute=cast("int | None", row["orders_per_minute"]),
        max_amounts=_load_amounts(row["max_amounts"]),
        created_at=moment(row["created_at"]),
        revoked_at=_moment_or_none(row["revoked_at"]),
    )
