"""Encoding of domain values as JSON in text columns, and decoding.

Requests, routes, fills, failures and the details of events are written here and nowhere else. What is stored
outlives the code that wrote it, and older code may read it while a deployment is updated: fields are added,
never renamed, and a field that was added later is read with a default. Amounts are plain decimals in whole
tokens, but those of requests and limits of keys, which are base units; all are strings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from dexec.adapters.postgres.json_text import Fields, dump
from dexec.adapters.postgres.route_encoding import (
    decode_fill,
    decode_route,
    encode_fill,
    encode_route,
    parse_units,
)
from dexec.adapters.postgres.waiting_encoding import (
    decode_activation,
    decode_terms,
    decode_trigger,
    encode_activation,
    encode_terms,
    encode_trigger,
)
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import (
    Accepted,
    Activated,
    Detail,
    Filled,
    Refused,
    Signed,
    Triggered,
    Withdrawal,
)
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.recorded import RecordedFill, RecordedRoute
from dexec.domain.tokens import decimals_of, format_units

# --- requests ----------------------------------------------------------------------------------------


def dump_request(request: RouteRequest) -> str:
    """Return a request as the ``request`` column keeps it: ``amount`` and the limit in base units."""
    limit = {} if request.limit is None else {request.limit_name: str(request.limit)}
    return dump({**_request(request), "amount": str(request.amount), **limit})


def load_request(text: str) -> RouteRequest:
    """Read what ``dump_request`` wrote."""
    fields = json.loads(text)
    return _load_request(fields, lambda amount, _: int(amount))


def _request(request: RouteRequest) -> Fields:
    fields: Fields = {
        "mode": request.mode.value,
        "tokenIn": request.token_in,
        "tokenOut": request.token_out,
        "amount": format_units(request.amount, request.exact_token),
        "slippageBps": request.slippage_bps,
    }
    if request.limit is not None:
        fields[request.limit_name] = format_units(request.limit, request.open_token)
    if request.deadline_s is not None:
        fields["deadline"] = request.deadline_s
    return fields


def _load_request(fields: Fields, parse: Callable[[str, int], int]) -> RouteRequest:
    """Read a request; ``parse`` reads an amount of a token of so many decimals."""
    mode = Mode(fields["mode"])
    token_in, token_out = fields["tokenIn"], fields["tokenOut"]
    exact_in = mode is Mode.EXACT_IN
    exact, other = (token_in, token_out) if exact_in else (token_out, token_in)
    limit = fields.get("minAmountOut" if exact_in else "maxAmountIn")
    return RouteRequest(
        mode,
        token_in,
        token_out,
        parse(fields["amount"], decimals_of(exact)),
        fields["slippageBps"],
        None if limit is None else parse(limit, decimals_of(other)),
        fields.get("deadline"),
    )


# --- what became of an order -------------------------------------------------------------------------


def dump_fill(fill: RecordedFill | None) -> str | None:
    """Return a fill as the ``fill`` column keeps it."""
    return None if fill is None else dump(encode_fill(fill))


def load_fill(text: str | None) -> RecordedFill | None:
    """Read what ``dump_fill`` wrote."""
    return None if text is None else decode_fill(json.loads(text))


def dump_failure(failure: Failure | None) -> str | None:
    """Return a failure as the ``error`` column keeps it."""
    return None if failure is None else dump(_failure(failure))


def load_failure(text: str | None) -> Failure | None:
    """Read what ``dump_failure`` wrote."""
    return None if text is None else _load_failure(json.loads(text))


def _failure(failure: Failure) -> Fields:
    fields: Fields = {"code": failure.code, "message": failure.message}
    if failure.shortfall_bps is not None:
        fields["shortfallBps"] = failure.shortfall_bps
    return fields


def _load_failure(fields: Fields) -> Failure:
    return Failure(fields["code"], fields["message"], fields.get("shortfallBps"))


# --- details of events -------------------------------------------------------------------------------


def dump_detail(detail: Detail) -> str:
    """Return what an event says as the ``detail`` column keeps it."""
    return dump({} if detail is None else _detail(detail))


def _detail(detail: Detail) -> Fields:
    fields: Fields = {}
    match detail:
        case RecordedRoute():
            fields = encode_route(detail)
        case Accepted():
            fields = {"label": detail.label, **_request(detail.request)}
            if detail.terms is not None:
                fields["terms"] = encode_terms(detail.terms)
        case Signed():
            fields = {"signature": detail.signature}
        case Filled():
            fields = {"signature": detail.signature, "fill": encode_fill(detail.fill)}
        case Failure():
            fields = {"error": _failure(detail)}
        case Triggered():
            fields = encode_trigger(detail)
        case Activated():
            fields = encode_activation(detail)
        case Refused():
            fields = {"rule": detail.rule, "observed": detail.observed, "allowed": detail.allowed}
        case Withdrawal():
            fields = {"by": detail.by, "error": _failure(detail.error)}
    return fields


def load_detail(status: Status, step: Step | None, text: str) -> Detail:
    """Read what ``dump_detail`` wrote for an event of this status and step."""
    return None if text == "{}" else _LOADERS[step or status](json.loads(text))


def _load_accepted(fields: Fields) -> Accepted:
    request = _load_request(fields, parse_units)
    terms = fields.get("terms")
    pair = Pair(request.token_in, request.token_out)
    return Accepted(fields["label"], request, None if terms is None else decode_terms(terms, pair))


def _load_filled(fields: Fields) -> Filled:
    return Filled(fields["signature"], decode_fill(fields["fill"]))


def _load_error(fields: Fields) -> Failure:
    return _load_failure(fields["error"])


def _load_refused(fields: Fields) -> Refused:
    return Refused(fields["rule"], fields["observed"], fields["allowed"])


def _load_withdrawal(fields: Fields) -> Withdrawal:
    return Withdrawal(fields["by"], _load_error(fields))


_LOADERS: dict[Status | Step, Callable[[Fields], Detail]] = {
    Status.HELD: _load_accepted,
    Status.OPEN: _load_accepted,
    Status.PENDING: _load_accepted,
    Status.TRIGGERED: decode_trigger,
    Step.QUOTES: decode_route,
    Step.RELEASED: _load_error,
    Step.AMENDED: _load_accepted,
    Step.ACTIVATED: decode_activation,
    Step.REFUSED: _load_refused,
    Status.ROUTING: _load_error,
    Status.SUBMITTED: lambda fields: Signed(fields["signature"]),
    Status.CONFIRMED: _load_filled,
    Status.FAILED: _load_error,
    Status.CANCELLED: _load_withdrawal,
    Status.EXPIRED: _load_error,
}
"""How the detail of an event is read, by its step or else its status; others have none."""


# --- limits of keys ----------------------------------------------------------------------------------


def dump_amounts(amounts: Mapping[str, int] | None) -> str | None:
    """Return amounts by token as the ``max_amounts`` column keeps them, in base units."""
    return None if amounts is None else dump({symbol: str(amount) for symbol, amount in amounts.items()})


def load_amounts(text: str | None) -> dict[str, int] | None:
    """Read what ``dump_amounts`` wrote."""
    return None if text is None else {symbol: int(amount) for symbol, amount in json.loads(text).items()}
