"""Conversion between rows and domain objects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from dexec.adapters.postgres import encoding
from dexec.adapters.postgres.risk_encoding import load_limits, load_reservation
from dexec.adapters.postgres.statements import Row
from dexec.adapters.postgres.waiting_encoding import load_waiting
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Event, Order, SignedTransaction, routed
from dexec.domain.quote import Pair
from dexec.ports import ApiKey, Connection, Watcher


def moment(value: object) -> datetime:
    """Return a ``timestamptz`` in UTC, whatever the session's time zone."""
    return cast(datetime, value).astimezone(UTC)


def moment_or_none(value: object) -> datetime | None:
    """Return a ``timestamptz`` in UTC, or None for null."""
    return None if value is None else moment(value)


def to_order(row: Row) -> Order:
    """Return the order of a row of ``orders``, without its route, which stands in its events alone."""
    request = encoding.load_request(cast(str, row["request"]))
    return Order(
        id=cast(str, row["id"]),
        client_id=cast(str, row["client_id"]),
        label=cast("str | None", row["label"]),
        request=request,
        status=Status(cast(str, row["status"])),
        seq=cast(int, row["seq"]),
        attempt=cast(int, row["attempt"]),
        run_at=moment(row["run_at"]),
        queued_at=moment(row["queued_at"]),
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        lease_token=cast("str | None", row["lease_token"]),
        lease_until=moment_or_none(row["lease_until"]),
        transaction=_transaction(row),
        fill=encoding.load_fill(cast("str | None", row["fill"])),
        error=encoding.load_failure(cast("str | None", row["error"])),
        rounds=cast("int | None", row["rounds"]) or 0,
        parked_at=moment_or_none(row["parked_at"]),
        expires_at=moment_or_none(row["expires_at"]),
        hooks=tuple((cast("str | None", row["hooks"]) or "").split()),
        waiting=load_waiting(
            cast("str | None", row["waiting"]),
            cast("int | None", row["since"]),
            Pair(request.token_in, request.token_out),
        ),
        entry_id=cast("str | None", row["entry_id"]),
        exit_id=cast("str | None", row["exit_id"]),
        cancelled_by=cast("str | None", row["cancelled_by"]),
        reserved=load_reservation(cast("str | None", row["reserved"])),
    )


def to_stop(value: object) -> Stop | None:
    """Return what a switch stops, of its name; None for null."""
    return None if value is None else Stop(cast(str, value).partition(" ")[0])


def to_switch(row: Row) -> Switch:
    """Return the switch of a row of ``switches``."""
    name, token_out = cast(str, row["name"]), cast("str | None", row["token_out"])
    return Switch.of(name, moment(row["set_at"]), token_out)


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
    status = Status(cast(str, row["status"]))
    step = to_step(row["step"])
    return Event(
        order_id=cast(str, row["order_id"]),
        seq=cast(int, row["seq"]),
        status=status,
        step=step,
        attempt=cast(int, row["attempt"]),
        detail=encoding.load_detail(status, step, cast(str, row["detail"])),
        at=moment(row["at"]),
    )


def to_step(value: object) -> Step | None:
    """Return the step that a column holds."""
    return None if value is None else Step(cast(str, value))


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


def to_api_key(row: Row) -> ApiKey:
    """Return the key of a row of ``api_keys``."""
    return ApiKey(
        key_hash=cast(str, row["key_hash"]),
        client_id=cast(str, row["client_id"]),
        orders_per_minute=cast("int | None", row["orders_per_minute"]),
        max_amounts=encoding.load_amounts(cast("str | None", row["max_amounts"])),
        created_at=moment(row["created_at"]),
        revoked_at=moment_or_none(row["revoked_at"]),
        limits=load_limits(cast("str | None", row.get("limits"))),
    )
