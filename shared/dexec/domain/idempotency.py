"""Distinguishes a repeat from a different request under the same idempotency key.

The store keeps a hash of the request beside the key. The hash is over a canonical encoding of the request,
never over what clients are shown, and its version stands before it: ``2:<SHA-256, hexadecimal>``. Rows of
version 1 have the bare SHA-256 of a tuple of what was shown; they are honoured as long as there are any.
"""

from __future__ import annotations

import hashlib
import json

from dexec.domain.quote import RouteRequest
from dexec.domain.tokens import format_units

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def request_hashes(label: str | None, request: RouteRequest) -> tuple[str, ...]:
    """Return the hashes under which a repeat of this request is honest; the first is the one to store."""
    if request.limit is None and request.deadline_s is None:
        return _version_2(label, request), _version_1(label, request)
    return (_version_2(label, request),)


def _version_2(label: str | None, request: RouteRequest) -> str:
    # A field that comes later is left out where it has its default, or what is stored would match no more.
    fields: dict[str, object] = {
        "label": label,
        "mode": request.mode.value,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": str(request.amount),
        "slippageBps": request.slippage_bps,
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
