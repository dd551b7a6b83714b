"""The codes by which clients tell errors apart: a closed set, each explained at ``/errors/CODE``."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """What went wrong, of a refused call or frame (``code``) or of an order (``error.code``)."""

    # The request is at fault.
    MALFORMED = "malformed"
    INVALID = "invalid"
    BODY_TOO_LARGE = "body_too_large"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    WOULD_TRIGGER = "would_trigger"
    EXITS_CROSS = "exits_cross"
    STALE_SEQ = "stale_seq"
    NOT_WAITING = "not_waiting"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    RISK_REFUSED = "risk_refused"
    HALTED = "halted"

    # Too much at once.
    TOO_MANY_ORDERS = "too_many_orders"
    TOO_MANY_READS = "too_many_reads"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_WEBHOOKS = "too_many_webhooks"
    OVERLOADED = "overloaded"

    # The deployment cannot do it now, or does not know whether it did.
    CONNECTION_UNKNOWN = "connection_unknown"
    UNAVAILABLE = "unavailable"
    NOT_READY = "not_ready"
    NO_PRICE = "no_price"
    OUTCOME_UNKNOWN = "outcome_unknown"
    INTERNAL = "internal"

    # Why an order, or one attempt, failed; quotes are refused for some of these, too.
    NO_VENUE = "no_venue"
    SLIPPAGE_EXCEEDED = "slippage_exceeded"
    BLOCKHASH_EXPIRED = "blockhash_expired"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INSUFFICIENT_LIQUIDITY = "insufficient_liquidity"
    DEADLINE_PASSED = "deadline_passed"
    POOL_DISABLED = "pool_disabled"
    CANCELLED = "cancelled"
    KEY_REVOKED = "key_revoked"
    ORDER_FAILED = "order_failed"
