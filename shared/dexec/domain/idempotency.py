"""Distinguishes a repeat from a different request under the same idempotency key.

The store keeps a hash of the request beside the key. The hash is over a canonical encoding of the request,
never over what clients are shown, and its version stands before it: ``2:<SHA-256, hexadecimal>``. Rows of
version 1 have the bare SHA-256 of a tuple of what was shown; they are honoured as long as there are any.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from dexec.domain.quote import RouteRequest
from dexec.domain.tokens import format_units
from dexec.domain.waiting.conditions import Stop
from dexec.domain.waiting.terms import Terms

Fields = dict[str, object]

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def request_hashes(
    label: str | None,
    request: RouteRequest,
    terms: Terms | None = None,
    exits: Terms | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, ...]:
    """Return the hashes under which a repeat of this request is honest; the first is the one to store."""
    later = _later_fields(terms, exits, expires_at)
    if request.limit is None and request.deadline_s is None and not later:
        return _version_2(label, request, later), _version_1(label, request)
    return (_version_2(label, request, later),)


def _later_fields(terms: Terms | None, exits: Terms | None, expires_at: datetime | None) -> Fields:
    fields: Fields = {}
    if terms is not None:
        fields["terms"] = _terms(terms)
    if exits is not None:
        fields["exits"] = _terms(exits)
    if expires_at is not None:
        fields["expiresAt"] = expires_at.astimezone(UTC).isoformat()
    return fields


def _terms(terms: Terms) -> Fields:
    """Return what an order waits for; prices are exact fractions, however they were written."""
    fields: Fields = {"timeInForce": terms.time_in_force.value}
    if terms.limit is not None:
        fields["limit"] = str(terms.limit.price.value)
    if terms.stop_limit is not None:
        fields["stopLimit"] = str(terms.stop_limit.value)
    stop = terms.stop
    if stop is None:
        return fields
    fields |= {"priceType": stop.price_type.value, "confirmTicks": stop.confirm_ticks}
    if isinstance(stop, Stop):
        return {**fields, "stop": str(stop.price.value)}
    if stop.activation is not None:
        fields["activation"] = str(stop.activation.value)
    return {**fields, "trailingBps": stop.bps}


def _version_2(label: str | None, request: RouteRequest, later: Fields) -> str:
    # A field that comes later is left out where it has its default, or what is stored would match no more.
    fields: Fields = {
        "label": label,
        "mode": request.mode.value,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": str(request.amount),
        "slippageBps": request.slippage_bps,
        **later,
    }
    if request.limit is not None:
        fields[request.limit_name] = str(request.limit)
    if request.deadline_s is not None:
        fields["deadline"] = request.deadline_s
    return f"2:{hashlib.sha256(_CANONICAL.encode(fields).encode()).hexdigest()}"


def _version_1(label: str | None, request: RouteRequest) -> str:
    # Only for requests that say no more than this: anything else was never stored under version 1.
    amount = format_units(request.amount, request.exact_token)
    mode, pair = request.mode.value, (request.token_in, request.token_out)
    parts = (label, mode, *pair, amount, request.slippage_bps)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
