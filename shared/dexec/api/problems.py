"""Problem details (RFC 9457) of errors, and the HTTP status of each.

What the domain and the use cases raise is in ``domain/errors.py``; the errors here are those that only the
edge can raise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field

from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import (
    CommitUnknown,
    ConnectionUnknown,
    DexecError,
    Ending,
    ExitsCross,
    FieldRejected,
    IdempotencyConflict,
    Invalid,
    NotFound,
    NotReady,
    NotWaiting,
    NoVenue,
    OrderWithdrawn,
    OutcomeUnknown,
    Rejected,
    StaleSeq,
    TooLateToCancel,
    TooMany,
    TooManyConnections,
    TooManyWebhooks,
    TradingHalted,
    Unauthenticated,
    Unavailable,
    WouldTrigger,
)
from dexec.domain.risk import RiskRefused


class Malformed(Rejected):
    """The body or frame is no JSON, or no JSON object."""

    code = ErrorCode.MALFORMED


class BodyTooLarge(Rejected):
    """The body is over 16 KB."""

    code = ErrorCode.BODY_TOO_LARGE


class MethodNotAllowed(Rejected):
    """The path exists, the method does not; ``allowed`` are those that do."""

    code = ErrorCode.METHOD_NOT_ALLOWED

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class FieldError(TypedDict):
    """A field that is at fault."""

    field: str
    message: str


Checks = Annotated[
    dict[str, Literal["up", "down"]], Field(examples=[{"order store": "up", "order queue": "up"}])
]


class Problem(TypedDict):
    """A refusal (RFC 9457)."""

    type: Annotated[
        str,
        Field(
            json_schema_extra={"format": "uri-reference"},
            description="address of the page that explains the code",
            examples=["https://api.example.com/errors/invalid"],
        ),
    ]
    code: ErrorCode
    title: str
    status: Annotated[int, Field(description="the HTTP status")]
    detail: Annotated[str, Field(description="what is wrong with this very request")]
    errors: NotRequired[list[FieldError]]
    orderId: NotRequired[
        Annotated[str, Field(description="the order that was withdrawn (503) or whose fate is unknown (504)")]
    ]
    retryAfter: NotRequired[Annotated[int, Field(description="seconds (429, 503)")]]
    rule: NotRequired[Annotated[str, Field(description="risk_refused: the limit that refuses it")]]
    observed: NotRequired[Annotated[str, Field(description="risk_refused: what the order has of it")]]
    allowed: NotRequired[Annotated[str, Field(description="risk_refused: the most that it may have")]]
    checks: NotRequired[Annotated[Checks, Field(description="what is down (503 of `/ready`)")]]


RETRY_AFTER_S = 1
"""When a back end that is busy or away (503) may be asked again; by then, a burst on one row is over."""

STATUS: dict[type[DexecError], int] = {
    DexecError: 500,
    Rejected: 400,
    Malformed: 400,
    Unauthenticated: 401,
    NotFound: 404,
    MethodNotAllowed: 405,
    IdempotencyConflict: 409,
    ConnectionUnknown: 410,
    BodyTooLarge: 413,
    FieldRejected: 422,
    Invalid: 422,
    WouldTrigger: 422,
    ExitsCross: 422,
    StaleSeq: 409,
    NotWaiting: 409,
    TooLateToCancel: 409,
    TradingHalted: 423,
    TooMany: 429,
    TooManyConnections: 429,
    TooManyWebhooks: 409,
    Ending: 422,
    NoVenue: 503,
    Unavailable: 503,
    OutcomeUnknown: 504,
}
"""The HTTP status of each kind of error; of a kind that is not listed, that of its nearest base."""

MEANINGS = {
    400: "the body is not a JSON object, or has a number beyond 100 characters or 1e±999, or a field twice",
    401: "no API key, or one that is unknown or revoked",
    404: "there is no such path, or no such order, webhook or delivery of this client",
    409: "the idempotency key was used before with another body; the order has changed since (`stale_seq`), "
    "does not wait (`not_waiting`), is signed or over (`too_late_to_cancel`); there are too many webhooks",
    413: "the body is over 16 KB",
    422: "a field has a value that it cannot have, `errors` names it; or a risk limit refuses it: `rule`",
    423: "trading is halted by the operators: no order is accepted or amended until they resume it",
    429: "too many orders wait already, or the key reads too often; `retry-after` says when to ask again",
    500: "something went wrong on our side",
    503: "a back end does not answer, or is busy; nothing was stored, unless `orderId` names an order "
    "that was withdrawn; `retry-after` says when to ask again",
    504: "whether the order was stored is unknown; repeat with the same idempotency key, or read `orderId`",
}
"""What each status of the HTTP API says, for the API documents."""


def status_of(error: DexecError) -> int:
    """Return the HTTP status of an error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def code_of(error: DexecError) -> ErrorCode:
    """Return the code that identifies an error to clients; all internal errors have the same."""
    return ErrorCode.INTERNAL if status_of(error) == 500 else error.code


def page_of(code: ErrorCode, base_url: str = "") -> str:
    """Return the address of the page that explains a code, under the HTTP API at ``base_url``."""
    return f"{base_url}/errors/{code}"


def retry_after_s(error: DexecError) -> int | None:
    """Return after how many seconds what was refused may be tried again; None where waiting is no cure."""
    if isinstance(error, TooMany):
        return error.retry_after_s
    return RETRY_AFTER_S if status_of(error) == 503 else None


def problem(error: DexecError, base_url: str = "") -> Problem:
    """Return an error as problem details; the details of an internal error (500) stay in the log.

    ``base_url`` is where the client reaches the HTTP API, without a slash at its end.
    """
    status, code = status_of(error), code_of(error)
    detail = str(error) if status != 500 else "something went wrong on our side"
    field = error.field if isinstance(error, FieldRejected) else ""
    view: Problem = {
        "type": page_of(code, base_url),
        "code": code,
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": f"{field}: {detail}" if field else detail,
    }
    if field:
        view["errors"] = [{"field": field, "message": detail}]
    if isinstance(error, CommitUnknown | OrderWithdrawn) and error.order_id:
        view["orderId"] = error.order_id
    if (wait_s := retry_after_s(error)) is not None:
        view["retryAfter"] = wait_s
    if isinstance(error, RiskRefused):
        view["rule"], view["observed"], view["allowed"] = error.rule, error.observed, error.allowed
    if isinstance(error, NotReady):
        view["checks"] = dict(error.checks)
    return view


_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_pattern_mismatch": "has characters that are not allowed",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
}
"""What is said for pydantic's types of error, whose own words speak of Python's types."""


def invalid(errors: object) -> Invalid:
    """Return pydantic's (or Powertools') first complaint as our error."""
    first = _as_one(errors) if isinstance(errors, list) and errors else {}
    # An item of a list is at fault by the name of the list.
    names = [part for part in first.get("loc", ()) if isinstance(part, str)]
    place = [name for name in names if name not in ("body", "query", "path", "header")]
    # What an order is sent in is not part of the field's name.
    field = ".".join(place[1:] if place[:1] == ["order"] and len(place) > 1 else place)
    said = str(first.get("msg", "is not valid")).removeprefix("Value error, ")
    template = _MESSAGES.get(str(first.get("type")))
    message = template.format_map(first.get("ctx") or {}) if template else said
    return Invalid(message, field)


def _as_one(errors: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first complaint; of a union of enums and literals, which has one for each, their sum."""
    first = errors[0]
    of_union = [one for one in errors if _is_choice(one) and one["loc"][:-1] == first["loc"][:-1]]
    if len(of_union) < 2 or not _is_choice(first):
        return first
    choices = ", ".join(str(one["ctx"]["expected"]).replace(" or ", ", ") for one in of_union)
    expected = " or ".join(choices.rsplit(", ", 1))
    # The last part of the place names the type, which is none of the client's.
    return {**first, "loc": first["loc"][:-1], "ctx": {"expected": expected}}


def _is_choice(error: Mapping[str, Any]) -> bool:
    return error.get("type") in ("enum", "literal_error") and str(error["loc"][-1]).endswith("]")
